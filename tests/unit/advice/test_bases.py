"""Rows of base images: what is asked, how they are ordered, which is best, and the lines of a Dockerfile."""

import json
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from xml.etree import ElementTree

import pytest

import muslint
from muslint.across import Across, bases
from muslint.advice.base import NO_IMAGE, Base
from muslint.advice.bases import best, dockerfile, ranked
from muslint.errors import UnknownTarget
from muslint.libc.catalog import image, images
from muslint.libc.published import add, install, instead, package, published
from muslint.loader.named import Target
from muslint.report.bases import document, family, markdown, says, table, tag, until
from muslint.report.heatmap import svg, words
from muslint.report.report import Judged
from tests.support import compile as compiler
from tests.support.cache import Unavailable
from tests.unit.rules.cases import FIXTURES

DAY = date(2026, 11, 24)
PLAIN = Base(
    "debian:13-slim", "debian:13-slim", "glibc", "2.41", False, "runs", "", 0, 1, (), None, None, None, "", None,
    "2028-08-09", "2030-06-30", False, 29.8, "high",
)  # fmt: skip


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program that wants glibc 2.34 and nothing else."""
    folder = tmp_path_factory.mktemp("program")
    source = folder / "p.c"
    source.write_text('#include <stdio.h>\nint main(void) { return puts("hello") < 0; }\n')
    try:
        return compiler.zig_cc("x86_64-linux-gnu.2.34", [source], folder / "p")
    except Unavailable as error:
        pytest.skip(f"not checked here: rows of a compiled program: {error}")


# --- the catalogue ------------------------------------------------------------------------------------------


def test_every_image_is_known_to_be_had() -> None:
    """Each has a pattern of its own family, a reference with a tag, and machines unless they are not known."""
    for found in images():
        had = published(found.name)
        assert had.archs or found.name.startswith("openwrt/"), found.name
        assert re.fullmatch(r"[a-z0-9./_-]+:[a-z0-9._-]+", had.reference(found.name)), found.name
        assert had.manager is None or install(had.manager, ("x",)), found.name


def test_a_larger_image_is_in_the_catalogue() -> None:
    """What is offered in place of an image exists, and following the offers ends."""
    for found in images():
        seen = [found.name]
        while (larger := instead(seen[-1])) is not None:
            assert image(larger) is not None
            assert larger not in seen
            seen.append(larger)


@pytest.mark.parametrize(
    ("name", "soname", "expected"),
    [
        ("debian:11", "libgcc_s.so.1", "libgcc-s1"),
        ("debian:10-slim", "libgcc_s.so.1", "libgcc1"),
        ("debian:12-slim", "libssl.so.3", "libssl3"),
        ("debian:13", "libssl.so.3", "libssl3t64"),
        ("ubuntu:24.04", "libssl.so.3", "libssl3t64"),
        ("debian:13", "libnobody.so.9", None),
        ("almalinux:9", "libz.so.1", "libz.so.1()(64bit)"),
        ("fedora:44", "libstdc++.so.6", "libstdc++"),
        ("opensuse/leap:16.0", "libgcc_s.so.1", "libgcc_s1"),
        ("chainguard/wolfi-base", "libz.so.1", "so:libz.so.1"),
        ("distroless/base-debian13", "libstdc++.so.6", None),
    ],
)
def test_packages(name: str, soname: str, expected: str | None) -> None:
    """What each package manager is told to install."""
    assert package(name, soname, "x86_64") == expected


def test_shell_takes_what_is_installed() -> None:
    """A provided name has parentheses: the shell must not see them."""
    command = install("dnf", ("libz.so.1()(64bit)",))
    assert command == "dnf install -y 'libz.so.1()(64bit)' && dnf clean all"
    assert add("apk", ("libstdc++",)) == "apk add libstdc++"
    shell = shutil.which("sh")
    assert shell is not None
    for manager in ("apt", "dnf", "microdnf", "yum", "zypper", "apk", "apk-wolfi", "pacman", "xbps"):
        done = subprocess.run([shell, "-nc", install(manager, ("a", "b()(64bit)")) or "("], check=False, timeout=10)
        assert done.returncode == 0


# --- a source on images -------------------------------------------------------------------------------------


def test_images_alike_are_judged_once(program: Path) -> None:
    """The source is read once and linked once for images that a loader cannot tell apart."""
    source = Across(str(program))
    asked: list[str] = []
    whole = source.judge

    def counted(target: Target, behaviour: bool) -> Sequence[Judged]:
        asked.append(target.name)
        return whole(target, behaviour)

    source.judge = counted  # type: ignore[method-assign]
    rows = bases(source, (), DAY, live=True)
    assert len(rows) >= 50
    assert len(asked) < len(rows) * 3 // 4


def test_named_images_only(program: Path) -> None:
    """``--on`` restricts the rows; gcompat has a row when it is asked for."""
    rows = bases(Across(str(program)), ("ubi8/ubi", "alpine:3.24+gcompat", "scratch"), DAY)
    assert {row.image: row.verdict for row in rows} == {
        "ubi8/ubi": "fails", "alpine:3.24+gcompat": "runs", "scratch": "fails",
    }  # fmt: skip
    assert next(row.why for row in rows if row.image == "ubi8/ubi") == "GLIBC_2.34: __libc_start_main"
    with pytest.raises(UnknownTarget, match="nosuch"):
        bases(Across(str(program)), ("nosuch",), DAY)


def test_end_of_life(program: Path) -> None:
    """The day decides what is past its end, and ``live`` leaves it out."""
    source = Across(str(program))
    early = bases(source, ("debian:12",), date(2026, 7, 11))[0]
    late = bases(source, ("debian:12",), date(2026, 7, 12))[0]
    assert (early.ended, late.ended) == (False, True)
    assert (until(early), until(late)) == ("2026-07", "LTS 2028-06")
    assert bases(source, ("debian:12",), date(2026, 7, 12), live=True) == ()
    gone = bases(source, ("debian:12",), date(2030, 1, 1))[0]
    assert until(gone) == "ended"


def test_no_image_for_the_machine(tmp_path: Path) -> None:
    """An image that is not published for a machine does not fail: there is none."""
    source = tmp_path / "p.c"
    source.write_text("int main(void) { return 0; }\n")
    try:
        program = compiler.zig_cc("riscv64-linux-gnu.2.35", [source], tmp_path / "p")
    except Unavailable as error:
        pytest.skip(f"not checked here: images of another machine: {error}")
    rows = bases(Across(str(program)), ("almalinux:9", "debian:13", "debian:12"), DAY)
    assert {row.image: (row.verdict, row.why) for row in rows} == {
        "almalinux:9": (NO_IMAGE, "no image for riscv64"), "debian:13": ("runs", ""),
        "debian:12": (NO_IMAGE, "no image for riscv64"),
    }  # fmt: skip


def test_several_sources_are_one(program: Path, tmp_path: Path) -> None:
    """An image runs several sources when it runs every file of them."""
    source = tmp_path / "s.c"
    source.write_text("int main(void) { return 0; }\n")
    older = compiler.zig_cc("x86_64-linux-gnu.2.17", [source], tmp_path / "older")
    rows = bases(Across(str(older), str(program)), ("almalinux:8", "almalinux:9"), DAY)
    assert [(row.verdict, row.failing, row.judged) for row in rows] == [("fails", 1, 2), ("runs", 0, 2)]


def test_public_face(program: Path) -> None:
    """`muslint.bases` gives the rows, best first."""
    rows = muslint.bases(str(program), ("scratch", "debian:13"), today=DAY)
    assert [row.image for row in rows] == ["debian:13", "scratch"]


# --- order, and what is chosen ------------------------------------------------------------------------------

SMALL = replace(PLAIN, image="alpine:3.24", verdict="fails", compressed_mb=3.8, end_of_life="2028-06-01")
LONG = replace(PLAIN, image="almalinux:9", end_of_life="2032-05-31", compressed_mb=None)
WITH = replace(
    PLAIN, image="ubuntu:26.04", verdict="unknown", then="runs", packages=("libstdc++6",), compressed_mb=10.0,
    add="apt-get install libstdc++6", install="apt-get update", end_of_life="2031-04-30",
)  # fmt: skip
ROLLS = replace(PLAIN, image="debian:sid", rolls=True, end_of_life=None, compressed_mb=1.0)
ENDED = replace(PLAIN, image="debian:12", ended=True, end_of_life="2026-07-11", compressed_mb=2.0)
ROWS = (SMALL, LONG, WITH, ROLLS, ENDED, PLAIN)


def test_orders() -> None:
    """By verdict, by size, by end of life; what is not known comes last."""
    names = {by: [row.image for row in ranked(ROWS, by)] for by in ("verdict", "size", "eol")}
    assert names["verdict"][-1] == "alpine:3.24"
    assert names["verdict"].index("debian:13-slim") < names["verdict"].index("debian:12")
    assert names["size"][:2] == ["debian:sid", "debian:12"]
    assert names["size"][-1] == "almalinux:9"
    assert names["eol"][:2] == ["almalinux:9", "ubuntu:26.04"]
    assert names["eol"][-1] == "debian:sid"


@pytest.mark.parametrize(
    ("by", "name"), [("verdict", "debian:13-slim"), ("size", "ubuntu:26.04"), ("eol", "almalinux:9")]
)
def test_best(by: str, name: str) -> None:
    """The best has updates, does not roll, and runs the source, with packages if need be."""
    chosen = best(ROWS, by)
    assert chosen is not None
    assert chosen.image == name


def test_none_is_best() -> None:
    """Where nothing runs the source, nothing is chosen; one that rolls is better than none."""
    assert best((SMALL,), "verdict") is None
    assert best((SMALL, ROLLS), "verdict") == ROLLS
    assert best((replace(PLAIN, confidence="low"),), "verdict") is None


def test_lines_of_a_dockerfile() -> None:
    """FROM with its tag, and RUN where something is to be installed."""
    assert dockerfile(PLAIN, "app").splitlines()[1:] == ["FROM debian:13-slim"]
    assert dockerfile(WITH, "app").splitlines()[-1] == "RUN apt-get update"


# --- what is shown ------------------------------------------------------------------------------------------


def test_what_is_said() -> None:
    """The reason, the packages, and what comes of them."""
    assert says(replace(WITH, why="not known whether x is in the image")) == (
        "not known whether x is in the image: apt-get install libstdc++6, then it runs"
    )
    some = replace(SMALL, why="GLIBC_2.34: dlsym", failing=2, judged=3, instead="debian:13-slim")
    assert says(some) == "GLIBC_2.34: dlsym (2 of 3 files): use debian:13-slim"
    assert (family(SMALL), tag(SMALL)) == ("Alpine", "3.24")
    assert (family(replace(PLAIN, image="ubi9/ubi-micro")), tag(replace(PLAIN, image="ubi9/ubi-micro"))) == (
        "Red Hat UBI", "9 micro",
    )  # fmt: skip


def test_tables() -> None:
    """What is past its end is counted, and listed with -v; hostile names cannot act."""
    short, whole = table(ROWS, "a\x1b[31m"), table(ROWS, "app", 1)
    assert "debian:12" not in short
    assert "debian:12" in whole
    assert "\x1b" not in short
    assert "with packages on 1 more" in short
    assert markdown((replace(SMALL, why="a|b"),)).count("a\\|b") == 1


def test_picture() -> None:
    """The picture is well-formed, names every image, and says in words what the colours say."""
    hostile = replace(SMALL, why='<script>"&')
    root = ElementTree.fromstring(svg((*ROWS, hostile), "<app>&"))
    texts = ["".join(node.itertext()) for node in root.iter("{http://www.w3.org/2000/svg}g")]
    assert len(texts) == len(ROWS) + 1
    for row, text in zip((PLAIN, ROLLS, ENDED), (t for t in texts if "debian" in t.lower())):
        assert words(row) in text
    assert root.attrib["role"] == "img"
    assert any("FAILS" in text for text in texts)


@pytest.mark.parametrize("width", [80, 120])
def test_reasons_fit_the_width(width: int) -> None:
    """The screen decides how much of a reason is shown; without one it is a hundred characters."""
    long = replace(PLAIN, verdict="fails", why="not known whether " + ", ".join(f"lib{n}.so.1" for n in range(20)))
    assert max(map(len, table([PLAIN, long], "x", width=width).splitlines()[2:4])) <= width
    rows = {at: table([PLAIN, long], "x", 0, width=at).splitlines()[4] for at in (None, width)}
    assert len(rows[width]) == width
    assert "…" in rows[None]
    assert "…" not in table([PLAIN, long], "x", 1, width=width)


def test_what_is_opened_by_name(tmp_path: Path) -> None:
    """Said of each image: that it lacks the library, or that this is not known; not of one that has it."""
    source = tmp_path / "p.c"
    source.write_text(
        '#include <dlfcn.h>\nint main(void) { return dlopen("libz.so.1", 1) && dlopen("libfoo.so.1", RTLD_NOW); }\n'
    )
    try:
        made = compiler.zig_cc("x86_64-linux-gnu.2.28", [source], tmp_path / "p")
    except Unavailable as error:
        pytest.skip(f"not checked here: what is opened by name: {error}")
    names = ("debian:12", "ubuntu:24.04", "alpine:3.23", "alpine:3.23+gcompat", "openwrt/rootfs:25.12")
    rows = {row.image: row for row in bases(Across(str(made)), names, DAY)}
    told = {name: (row.verdict, row.opens_missing, row.opens_unknown) for name, row in rows.items()}
    assert told == {
        "debian:12": ("runs", ("libfoo.so.1",), ()),
        "ubuntu:24.04": ("runs", (), ("libfoo.so.1", "libz.so.1")),
        "alpine:3.23": ("fails", ("libfoo.so.1",), ()),
        "alpine:3.23+gcompat": ("runs", ("libfoo.so.1",), ()),
        "openwrt/rootfs:25.12": ("fails", (), ("libfoo.so.1", "libz.so.1")),
    }
    assert says(rows["debian:12"]) == "libfoo.so.1, which it opens by name, is not there"
    assert says(rows["ubuntu:24.04"]) == "not known whether libfoo.so.1, libz.so.1, which it opens by name, are there"
    assert "opens by name" not in says(rows["alpine:3.23"])
    assert "# libfoo.so.1, which it opens by name, is not there\n" in dockerfile(rows["debian:12"], "p")
    assert '"opens_unknown": ["libz.so.1"]' in json.dumps(document(replace(PLAIN, opens_unknown=("libz.so.1",))))


def test_what_is_required_and_opened_by_name(tmp_path: Path) -> None:
    """Metadata that calls a library required: it fails on use where the image lacks it, else that is not known."""
    source = FIXTURES / "library-missing" / "metadata.c"
    try:
        made = compiler.zig_cc("x86_64-linux-gnu.2.28", [source], tmp_path / "p")
    except Unavailable as error:
        pytest.skip(f"not checked here: what is opened by name: {error}")
    rows = {row.image: row for row in bases(Across(str(made)), ("debian:12", "ubuntu:24.04"), DAY)}
    assert {name: (row.verdict, says(row)) for name, row in rows.items()} == {
        "debian:12": (
            "fails-on-use", "fails when called: libneeded.so.1; libbetter.so.1, which it opens by name, is not there",
        ),
        "ubuntu:24.04": (
            "unknown", "not known whether libneeded.so.1 is in the image; "
            "not known whether libbetter.so.1, which it opens by name, is there",
        ),
    }  # fmt: skip
