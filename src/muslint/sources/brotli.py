"""Brotli (RFC 7932): not read, which is said. It has no mark of its own, so that only a file's name tells."""

from __future__ import annotations

import re

_WEB = r"js|mjs|cjs|css|html?|svg|json|map|wasm|txt|xml|ico|md|ttf|woff2?"
_NAME = re.compile(rf"(?!.*\.({_WEB})\.br$).*\.br", re.DOTALL | re.IGNORECASE)


def brotli_by_name(path: str) -> str | None:
    """Why a file is not read that is called like a Brotli stream; None for others, and for what web servers keep so."""
    if path.endswith(".br") and _NAME.fullmatch(path):
        return "Brotli by its name, which is not read: unpack it (brotli -d) and check what comes out"
    return None
