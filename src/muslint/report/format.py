"""What a report format is, and the formats there are: one module or package each, with a constant ``FORMAT``.

The module is named like the format, with ``_format`` behind it where the standard library has a module of that
name: only the formats that are asked for are imported.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules
from types import ModuleType

from muslint.errors import WrongUse
from muslint.policy.suppression import unknown
from muslint.report.report import Report


@dataclass(frozen=True, slots=True, eq=False)
class Format:
    """One way to show a report. Rendering is pure: the same report gives the same bytes."""

    name: str  # kebab-case, as written after ``-o``
    title: str  # a few words for people who choose one
    render: Callable[..., str]
    """``render(report, verbose)``, with colour and width as further arguments where the format has colour."""
    coloured: bool = False
    needs: tuple[str, ...] = ()
    """Modules it imports that only come with the extra of its own name: ``pip install 'muslint[NAME]'``."""
    appended: Mapping[str, Callable[[Report, int], str]] = field(default_factory=dict)
    """Environment variable → what is added to the file it names, where it is set."""
    piece: Callable[[Report], str] | None = None
    """For a format that is written while the work goes on: what one source adds as soon as it is judged."""
    end: Callable[[Report], str] = lambda _: ""
    """What follows the pieces, from the whole report."""

    def text(self, report: Report, verbose: int, colour: bool, width: int | None = None) -> str:
        """The whole report; ``width`` is that of the screen in characters, None where there is none."""
        return self.render(report, verbose, colour, width) if self.coloured else self.render(report, verbose)


def _module_names() -> dict[str, str]:
    """Module by the name its format would have; not every module is a format."""
    import muslint.report as package

    return {
        module.name.removesuffix("_format").replace("_", "-"): module.name for module in iter_modules(package.__path__)
    }


def _format_in(module: ModuleType) -> Format | None:
    found = getattr(module, "FORMAT", None)
    return found if isinstance(found, Format) else None


def formats() -> list[Format]:
    """Every format, by name. Imports them all."""
    modules = (import_module(f"muslint.report.{module}") for module in _module_names().values())
    return sorted((found for module in modules if (found := _format_in(module))), key=lambda found: found.name)


def named_format(name: str) -> Format:
    """The format of that name; raises WrongUse with the nearest one where there is none."""
    module = _module_names().get(name)
    found = _format_in(import_module(f"muslint.report.{module}")) if module else None
    if found is None:
        raise WrongUse(f"-o: {unknown('format', name, [known.name for known in formats()])}")
    if any(find_spec(needed) is None for needed in found.needs):
        raise WrongUse(f"-o {name}: needs more than is installed: pip install 'muslint[{name}]'")
    return found
