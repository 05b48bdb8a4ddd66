"""What the behaviour rules say of real programs of Debian: `ed`, `grep`, PHP's iconv module, static programs."""

from collections.abc import Iterator
from pathlib import PurePosixPath

import pytest

from muslint.pipeline import check
from muslint.rules.finding import Finding
from tests.support import fetch
from tests.support.cache import Unavailable


def _found(package: str, rule: str) -> Iterator[tuple[str, Finding]]:
    """(file name, finding) of one rule in a package of bookworm."""
    try:
        files = fetch.debian_packages([package], "bookworm", "amd64")
    except Unavailable as error:
        pytest.skip(f"{package}: {error}")
    for judged in check(str(files[package]), on="alpine:3.23").objects:
        for finding in judged.findings:
            if finding.rule == rule:
                yield PurePosixPath(judged.path).name, finding


def test_ed_overruns_its_matches() -> None:
    """Debian's ``ed`` breaks regmatch_t's contract, whatever the input, at the calls of regexec themselves."""
    ((name, finding),) = _found("ed", "abi-regmatch-size")
    assert (name, finding.confidence) == ("ed", "certain")
    calls = [evidence for evidence in finding.evidence if evidence.kind == "call-site"]
    assert calls and all("regexec" in evidence.text and evidence.where for evidence in calls)


def test_grep_asks_for_no_matches() -> None:
    """``grep`` has its own matcher and asks the C library for no slots."""
    assert not list(_found("grep", "abi-regmatch-size"))


def test_iconv_suffix_only_where_the_text_is() -> None:
    """Of PHP's modules only iconv holds the suffix."""
    assert {name for name, _finding in _found("php8.2-common", "iconv-translit-ignore")} == {"iconv.so"}


@pytest.mark.parametrize("package", ["busybox-static", "bash-static"])
def test_static_programs_ask_for_nss(package: str) -> None:
    """A static program that looks up names wants NSS; glibc since 2.34 has what it mostly needs in itself."""
    shown = [(finding.symbol, finding.confidence) for _name, finding in _found(package, "static-glibc")]
    assert shown == [("getpwnam", "possible")]
