"""HOW the work is done: by how many processes."""
