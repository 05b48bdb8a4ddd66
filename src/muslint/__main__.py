"""``python -m muslint``."""

from muslint.cli.app import main

if __name__ == "__main__":
    main()
