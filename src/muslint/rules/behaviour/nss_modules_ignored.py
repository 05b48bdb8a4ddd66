"""nsswitch.conf, which musl does not read."""

from __future__ import annotations

from collections.abc import Iterator

from muslint.rules.behaviour.behaviour import Behaviour, Proof, Scene
from muslint.rules.behaviour.sites import constant
from muslint.rules.behaviour.uses import used
from muslint.rules.finding import Severity

_TEXTS = (b"/etc/nsswitch.conf", b"nsswitch.conf")


def _prove(scene: Scene) -> Iterator[Proof]:
    texts = [text for text in _TEXTS if text in scene.strings()]
    texts += [
        text for text in scene.strings().starting(b"libnss_") if text.decode("latin-1") not in scene.object.needed
    ]
    if texts:
        yield from (constant("likely", None, text) for text in texts)
    else:
        yield from used(scene, "possible", *RULE.triggers)


RULE = Behaviour(
    id="nss-modules-ignored",
    title="nsswitch.conf and its modules are ignored",
    triggers=(
        "getpwnam",
        "getpwnam_r",
        "getpwuid",
        "getpwuid_r",
        "getgrnam",
        "getgrnam_r",
        "getgrgid",
        "getgrgid_r",
        "getgrouplist",
        "initgroups",
        "getpwent",
        "getgrent",
    ),
    severity=Severity.WARNING,
    claim="users and groups of LDAP, SSSD, winbind or systemd are not found: musl does not read nsswitch.conf",
    glibc="looks users, groups and hosts up as nsswitch.conf says, with modules",
    musl="reads /etc/passwd and /etc/group, and asks nscd's socket; hosts are /etc/hosts before DNS",
    builds="any",
    evidence="a name of nsswitch.conf or of its modules beside a look-up of users or groups; with -v, any such look-up",
    remedy="musl-nscd with the modules it needs: musl speaks nscd's protocol",
    fix="none",
    references=(
        "https://wiki.musl-libc.org/functional-differences-from-glibc.html",
        "musl src/passwd/getpw_a.c",
    ),
    witness="nss-modules-ignored",
    prove=_prove,
)
