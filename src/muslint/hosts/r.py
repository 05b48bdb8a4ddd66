"""Plugins of R."""

from muslint.hosts.host import Host

HOST = Host(
    id="r",
    title="R",
    prefixes=(
        "R_",
        "Rf_",
        "Rprintf",
        "REprintf",
        "UNPROTECT",
        "SET_VECTOR_ELT",
        "SET_STRING_ELT",
        "STRING_ELT",
        "VECTOR_ELT",
        "INTEGER",
        "REAL",
        "LOGICAL",
        "unif_rand",
        "norm_rand",
        "GetRNGstate",
        "PutRNGstate",
    ),
    lazy=True,
    entry_points=("R_init_",),
    suffixes=(),
)
