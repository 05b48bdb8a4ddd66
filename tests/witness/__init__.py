"""Behaviour rules against reality: small C programs run on real glibc and on real musl."""
