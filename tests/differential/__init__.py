"""Three readings of the same ELF file, held against each other and against readelf."""
