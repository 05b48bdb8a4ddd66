"""WHAT IT MEANS: one file a rule, each with a constant ``RULE``, found by walking the package.

Load rules lie here, and say what the loader's steps mean; behaviour rules lie in `muslint.rules.behaviour`.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module
from pkgutil import iter_modules

from muslint.rules.behaviour.found import as_rule
from muslint.rules.behaviour.index import behaviours, listed
from muslint.rules.rule import Rule

__all__ = ["behaviours", "load_rules", "rules"]


@lru_cache(maxsize=1)
def rules() -> tuple[Rule, ...]:
    """Every rule, in the order a report shows their findings: causes before consequences, loading before running."""
    every = (*load_rules(), *(as_rule(behaviour) for behaviour in listed()))
    return tuple(sorted(every, key=lambda rule: (rule.order, rule.id)))


@lru_cache(maxsize=1)
def load_rules() -> tuple[Rule, ...]:
    """The rules about loading and linking."""
    found = (getattr(import_module(f"{__name__}.{m.name}"), "RULE", None) for m in iter_modules(__path__))
    return tuple(sorted((rule for rule in found if rule is not None), key=lambda rule: (rule.order, rule.id)))
