"""Every exception muslint raises on purpose.

::

    MuslintError              anything below; the command line turns it into one line and an exit code
    ├── MalformedElf          the bytes are not a readable ELF object (becomes a Skipped value)
    ├── MalformedArchive      the bytes are not a readable archive (becomes a Skipped value)
    ├── LimitReached          an archive is larger, deeper or slower than allowed (becomes a Skipped value)
    ├── UnknownLibc           no table for this C library, release or architecture
    ├── CannotFix             a change to a binary cannot be made soundly
    ├── UnknownTarget         --on names no target we know
    ├── UnreadableSource      a source cannot be opened at all
    └── WrongUse              options that contradict each other, a missing argument
"""


class MuslintError(Exception):
    """Base of all errors muslint raises on purpose; its text is one plain line for the user."""


class MalformedElf(MuslintError):
    """The bytes cannot be read as an ELF object; the text is the reason, without the path."""


class MalformedArchive(MuslintError):
    """The bytes cannot be read as an archive of their format; the text is the reason, without the path."""


class LimitReached(MuslintError):
    """An archive goes beyond a limit on size, growth, number, depth or time; the text says which."""


class UnknownLibc(MuslintError):
    """No table describes this C library, release or architecture."""


class CannotFix(MuslintError):
    """A change to a binary cannot be made soundly; the text says why."""


class UnknownTarget(MuslintError):
    """The name given to ``--on`` is no target muslint knows."""


class UnreadableSource(MuslintError):
    """A source cannot be opened: it does not exist, or may not be read."""


class WrongUse(MuslintError):
    """The command was called with arguments that make no sense together."""
