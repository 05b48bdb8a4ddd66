"""WHAT TO DO: what a name or a message means, the floor of an object, changes to the binary itself."""
