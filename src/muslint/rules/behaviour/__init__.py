"""Same name, other conduct: what loads on musl and behaves differently there. One file a rule, constant ``RULE``."""
