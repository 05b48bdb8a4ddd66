"""How often behaviour rules fire on real systems that nobody complains about: `make noise`."""
