"""Every report format against what reads it."""
