"""HOW an object is loaded: musl's dynamic loader, step by step, without running anything."""
