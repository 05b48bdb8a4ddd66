"""WHERE bytes come from: the only part that reads the outside world."""
