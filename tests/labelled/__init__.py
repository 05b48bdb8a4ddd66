"""Small programs with the behaviour rules that must show on them, made in every common way: precision and recall."""
