"""Our model held against the real loader, corpus by corpus."""
