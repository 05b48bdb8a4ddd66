"""Real-world parts the tests stand on: packages, musl loaders, roots and the oracle. See README.md here."""
