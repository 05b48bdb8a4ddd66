"""WHAT IT MEANS: one file a rule, each with a constant ``RULE``, found by walking the package."""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module
from pkgutil import iter_modules

from muslint.rules.rule import Rule


@lru_cache(maxsize=1)
def rules() -> tuple[Rule, ...]:
    """Every rule, in the order a report shows their findings: causes before consequences."""
    found = (getattr(import_module(f"{__name__}.{m.name}"), "RULE", None) for m in iter_modules(__path__))
    return tuple(sorted((rule for rule in found if rule is not None), key=lambda rule: (rule.order, rule.id)))
