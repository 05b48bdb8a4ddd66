"""One numbered folder a rule of musl's loader; see README.md."""
