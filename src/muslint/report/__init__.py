"""HOW it is shown: one file a format, each with a constant ``FORMAT``."""
