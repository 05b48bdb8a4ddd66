"""muslint tells, without running anything, whether an ELF binary built for glibc will run on musl."""

__version__ = "0.1.0"
