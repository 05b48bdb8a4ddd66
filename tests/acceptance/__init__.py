"""Real failures people reported, each as one row of data run through ``muslint check``."""
