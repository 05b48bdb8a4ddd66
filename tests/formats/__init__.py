"""Real ELF files packed by the real tools, in every format: what is found must be what the bare directory gives."""
