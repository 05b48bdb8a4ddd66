"""The plain name inside a mangled C++ name, without arguments: enough to say whose it is.

Source: Itanium C++ ABI, section 5.1 (``<nested-name>``, ``<unqualified-name>``, ``<substitution>``).
"""

from __future__ import annotations

_SPECIAL = {"TV": "vtable of ", "TI": "type of ", "TS": "type name of ", "TT": "VTT of ", "GV": "guard of "}
_STANDARD = {
    "St": "std", "Sa": "std::allocator", "Sb": "std::basic_string", "Ss": "std::string", "Si": "std::istream",
    "So": "std::ostream", "Sd": "std::iostream",
}  # fmt: skip
_DEEPEST = 64  # nested templates


def qualified(name: str) -> str | None:
    """The qualified name of ``_Z…`` (``std::thread::_M_start_thread``); None for what is not mangled C++.

    Template arguments are written ``<…>``, arguments of functions left out.
    """
    if not name.startswith("_Z") or len(name) > 4096:
        return None
    rest, prefix = name[2:], ""
    if rest[:2] in _SPECIAL:
        prefix, rest = _SPECIAL[rest[:2]], rest[2:]
    parts = _nested(rest) if rest[:1] == "N" else _parts(rest, once=True)
    return prefix + "::".join(parts) if parts else None


def _nested(text: str) -> list[str]:
    text = text[1:]
    while text[:1] and text[0] in "rVKRO":
        text = text[1:]
    return _parts(text, once=False)


def _parts(text: str, once: bool) -> list[str]:
    found: list[str] = []
    while text:
        if text[:2] in _STANDARD and not found:
            found.append(_STANDARD[text[:2]])
            text = text[2:]
            continue
        size = len(text) - len(text.lstrip("0123456789"))
        if size:
            length, text = int(text[:size]), text[size:]
            if not 0 < length <= len(text):
                return []
            found.append(text[:length])
            text = text[length:]
        elif text[0] == "L":
            text = text[1:]  # internal linkage
            continue
        elif text[0] == "I":
            end = _closing(text)
            if end < 0 or not found:
                break
            found[-1] += "<…>"
            text = text[end:]
            continue
        elif text[0] in "CD" and text[1:2].isdigit() and found:
            inner = found[-1].partition("<")[0]
            found.append(inner if text[0] == "C" else f"~{inner}")
            text = text[2:]
        elif text[0] == "B":
            text = text[1:]  # ABI tag: its name follows
            size = len(text) - len(text.lstrip("0123456789"))
            if not size:
                break
            text = text[size + int(text[:size]) :]
            continue
        else:
            break
        if once:
            break
    return found


def _closing(text: str) -> int:
    """Where the template arguments that begin ``text`` end; -1 when they cannot be followed.

    Lengths are skipped with their names, so an ``E`` inside a name closes nothing.
    """
    depth, at = 0, 0
    while at < len(text):
        letter = text[at]
        if letter.isdigit():
            end = at
            while end < len(text) and text[end].isdigit():
                end += 1
            at = end + int(text[at:end])
            continue
        if letter in "INXLJ" and not (letter == "L" and depth == 0):
            depth += 1
            if depth > _DEEPEST:
                return -1
            if letter == "L":  # a literal: its type, then a value that is no length
                at += 2
                while at < len(text) and text[at] != "E":
                    at += 1
                continue
        elif letter == "S":
            at += 2
            while at < len(text) and text[at - 1] not in "_tabsiod" and text[at - 1].isalnum():
                at += 1
            continue
        elif letter == "E":
            depth -= 1
            if depth == 0:
                return at + 1
        at += 1
    return -1
