"""The reader compiled by mypyc says what the reader in Python says, to the letter."""
