"""``python -m muslint``."""

from muslint.cli.app import main

main()
