"""WHAT an object says: facts read from ELF bytes, no judgement."""
