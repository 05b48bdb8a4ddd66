"""Damaged files: the reader gives an object or a reason, in bounded time and memory."""
