"""Makes and verifies the tables below ``src/muslint/libc/data``."""
