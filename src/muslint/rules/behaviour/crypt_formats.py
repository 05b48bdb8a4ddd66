"""Password hashes that musl's crypt does not know."""

from __future__ import annotations

from collections.abc import Iterator

from muslint.rules.behaviour.behaviour import Behaviour, Proof, Scene
from muslint.rules.behaviour.elsewhere import kept
from muslint.rules.behaviour.sites import at, call, constant, first, imported, quoted, texts
from muslint.rules.finding import Severity

_UNKNOWN = (b"$y$", b"$gy$", b"$7$", b"$3$", b"$sha1$", b"$md5")
_NAMES = ("crypt", "crypt_r")


def _prove(scene: Scene) -> Iterator[Proof]:
    names = first(scene, _NAMES)
    sites = scene.calls(*names)
    yield imported("possible", *names)
    for site in sites:
        for confidence, setting in texts(site, 1):
            if setting.startswith(_UNKNOWN):
                yield at(confidence, site, call(site, "…", quoted(setting)))
    if not sites or any(site.string(1) is None for site in sites):
        for prefix in _UNKNOWN:
            for text in kept(scene, scene.strings().starting(prefix)):
                yield constant("likely", names[0], text)


RULE = Behaviour(
    id="crypt-formats",
    title="crypt: yescrypt, scrypt, gost, NT and sha1 become DES",
    triggers=_NAMES,
    severity=Severity.ERROR,
    claim="crypt takes a setting it does not know ($y$, $7$ …) for DES: the hash is weak, and no password matches",
    glibc="knows them by libxcrypt's libcrypt: yescrypt is Debian's and Fedora's default",
    musl="takes the first two characters for a DES salt and returns 13 characters; knows $1$, $2a$, $2b$, $5$ and $6$",
    builds="any",
    evidence="a call of crypt with such a setting, or a constant that begins like one",
    remedy="ship libxcrypt's libcrypt.so.1 with the program; hash passwords with $6$ or $2b$",
    fix="link libxcrypt, or keep to $6$ and $2b$",
    references=("musl src/crypt/crypt_r.c", "https://github.com/remicollet/php-xpass/issues/7"),
    witness="crypt-formats",
    prove=_prove,
)
