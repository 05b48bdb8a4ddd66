"""One case a rule of glibc's loader."""
