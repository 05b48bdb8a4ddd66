"""muslint and the tools next to it on the same files: ``python -m tests.compare`` writes ``docs/compare.md``."""
