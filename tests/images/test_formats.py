"""One real image in every form that tools give it: the same verdicts, layers and instructions from each."""

import gzip
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from muslint.errors import UnreadableSource
from muslint.pipeline import check
from muslint.report.json_format import render as render_json
from muslint.report.report import Report
from muslint.report.table import render as render_table
from muslint.sources.source import open_source
from tests.images.recipes import FULL, STEPS, TOOL_LIMIT, buildah, converted, needs, registry, umoci_layout
from tests.support.cache import REPOSITORY, run

Facts = dict[tuple[str, ...], tuple[str, int, str, str]]
Places = dict[tuple[str, ...], tuple[int, str, str]]


def facts(report: Report, drop: int = 1) -> Facts:
    """Verdict, layer, instruction and layer content of every object, by where it lies below the source."""
    return {
        (*judged.parents[drop:], judged.path): (
            str(judged.verdict), judged.layer.index, judged.layer.created_by, judged.layer.diff_id
        )
        for judged in report.objects
        if judged.layer is not None
    }  # fmt: skip


def places(spec: str) -> Places:
    """The same but for the verdict, as the source is opened, before anything is judged."""
    source = open_source(spec)
    return {
        (*member.parents[1:], member.path if place is source else member.path[1:]): (
            member.layer.index, member.layer.created_by, member.layer.diff_id
        )
        for place, _ in source.places()
        for member in place.members
        if member.layer is not None and not member.path.startswith("/lib/ld-musl-")
    }  # fmt: skip


def assert_same(spec: str, expected: Facts) -> None:
    """Another way to name what was judged already: the same files of the same layers; judged again when all is."""
    if FULL:
        assert facts(check(spec)) == expected
    assert places(spec) == {path: fact[1:] for path, fact in expected.items()}


@pytest.fixture(scope="module")
def expected() -> Facts:
    """The facts as the layout that umoci wrote gives them."""
    return facts(check(str(umoci_layout())))


def test_verdicts_and_layers(expected: Facts) -> None:
    """What is there is judged with what is there; each file is of the layer that added or replaced it."""
    own = {path: (verdict, STEPS[number - 1]) for path, (verdict, number, _, _) in expected.items() if number > 1}
    assert own == {
        ("/usr/local/bin/server",): ("fails", "COPY app /"),
        ("/usr/local/bin/client",): ("runs", "COPY app /"),
        ("/usr/lib/libgreet.so",): ("runs", "COPY greet /usr/lib"),
        ("/opt/app/new.jar", "native/libgreet.so"): ("fails", "COPY app /"),
    }
    assert {verdict for verdict, number, _, _ in expected.values() if number == 1} == {"runs"}
    assert all(step == STEPS[number - 1] for _, number, step, _ in expected.values())
    assert len(expected) > (100 if FULL else 20)


def test_the_image_itself(expected: Facts) -> None:
    """Platform, distribution, entrypoint: stated first, with the verdict of what is started."""
    report = check(str(umoci_layout()))
    assert len(expected) == len(report.objects)
    [one] = report.images
    assert (report.source_kind, report.target.name) == ("image", "self")
    assert (one.image.platform, one.system.name, one.system.musl) == ("linux/amd64", "alpine 3.23.6", "1.2.5-r23")
    assert one.system.packages == 59
    assert tuple(layer.created_by for layer in one.image.layers) == STEPS
    assert one.image.command == ("/usr/local/bin/server", "--port=1")
    assert [(step.path, str(verdict)) for step, verdict in one.started] == [("/usr/local/bin/server", "fails")]
    schema = json.loads((REPOSITORY / "src/muslint/report/schema.json").read_text())
    Draft202012Validator(schema).validate(json.loads(render_json(report)))
    assert render_table(report, 0).splitlines()[:4] == [
        f"{umoci_layout()}  linux/amd64, alpine 3.23.6 (musl 1.2.5-r23), 59 packages, 5 layers",
        "entrypoint /usr/local/bin/server --port=1    FAILS    no /lib64/ld-linux-x86-64.so.2 there",
        "  from layer 2  COPY app /",
        "",
    ]


@pytest.mark.parametrize(
    ("target", "options"),
    [
        ("oci:{}/image:t", ()),
        ("oci:{}/image:t", ("--dest-compress-format", "zstd")),
        ("oci-archive:{}/image.tar:t", ()),
        ("oci-archive:{}/image.tar:t", ("--dest-compress-format", "zstd")),
        ("docker-archive:{}/image.tar:local/app:1", ()),
        ("docker-archive:{}/image.tar", ()),
    ],
    ids=["oci", "oci-zstd", "oci-archive", "oci-archive-zstd", "docker-archive", "docker-archive-no-tag"],
)
def test_converted(target: str, options: tuple[str, ...], expected: Facts, tmp_path: Path) -> None:
    """What skopeo makes of it: found by content, and by the scheme."""
    spec = target.format(tmp_path)
    converted(f"oci:{umoci_layout()}:t", spec, *options)
    path = tmp_path / ("image" if spec.startswith("oci:") else "image.tar")
    assert facts(check(str(path))) == expected
    scheme = spec.partition(":")[0]
    assert_same(f"{scheme}:{path}", expected)
    if "local/app" in target or target.endswith(":t"):
        assert_same(spec, expected)
        with pytest.raises(UnreadableSource, match="no image called nope"):
            check(f"{scheme}:{path}:nope")


def test_plain_layers(expected: Facts, tmp_path: Path) -> None:
    """Layers kept without compression, in a layout and in a tar of it."""
    needs("skopeo")
    converted(f"oci:{umoci_layout()}:t", f"docker-archive:{tmp_path}/d.tar")
    converted(f"docker-archive:{tmp_path}/d.tar", f"oci:{tmp_path}/plain:t", "--dest-oci-accept-uncompressed-layers")
    assert facts(check(str(tmp_path / "plain"))) == expected
    with tarfile.open(tmp_path / "plain.tar", "w") as tar:
        tar.add(tmp_path / "plain", ".")
    assert_same(str(tmp_path / "plain.tar"), expected)


def test_nested_and_compressed(expected: Facts, tmp_path: Path) -> None:
    """Gzipped as ``docker save | gzip`` does it, in a directory, and inside another archive."""
    converted(f"oci:{umoci_layout()}:t", f"docker-archive:{tmp_path}/d.tar")
    with open(tmp_path / "d.tar", "rb") as plain, gzip.open(tmp_path / "d.tar.gz", "wb", 1) as packed:
        shutil.copyfileobj(plain, packed)
    assert_same(str(tmp_path / "d.tar.gz"), expected)
    (tmp_path / "scan" / "deep").mkdir(parents=True)
    (tmp_path / "d.tar").rename(tmp_path / "scan" / "d.bin")
    shutil.copytree(umoci_layout(), tmp_path / "scan" / "deep" / "layout")
    both = facts(check(str(tmp_path / "scan")), 0)
    for name in ("d.bin", "deep/layout"):
        assert {path[1:]: fact for path, fact in both.items() if path[0] == name} == expected
    with tarfile.open(tmp_path / "outer.tgz", "w:gz", compresslevel=1) as tar:
        tar.add(tmp_path / "scan" / "d.bin", "some/where/d.bin")
    inside = facts(check(str(tmp_path / "outer.tgz")))
    assert {path[1:]: fact for path, fact in inside.items()} == expected
    assert {path[0] for path in inside} == {"some/where/d.bin"}


def test_standard_input(tmp_path: Path) -> None:
    """``docker save IMAGE | muslint check -``, and the same from a file."""
    converted(f"oci:{umoci_layout()}:t", f"docker-archive:{tmp_path}/d.tar")
    command = [sys.executable, "-m", "muslint", "check", "-"]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY / "src")}
    with open(tmp_path / "d.tar", "rb") as file:
        direct = subprocess.run(command, stdin=file, capture_output=True, env=environment, timeout=60, check=False)
    with subprocess.Popen(["cat", str(tmp_path / "d.tar")], stdout=subprocess.PIPE) as cat:
        piped = subprocess.run(command, stdin=cat.stdout, capture_output=True, env=environment, timeout=60, check=False)
    assert direct.returncode == piped.returncode == 1
    assert direct.stdout == piped.stdout
    assert direct.stdout.decode().splitlines()[1].split("    ")[1:] == ["FAILS", "no /lib64/ld-linux-x86-64.so.2 there"]


def test_registry(expected: Facts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From a plain registry on loopback; what was fetched is gone afterwards, also when there is no such image."""
    needs("skopeo")
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    with registry(tmp_path) as address:
        converted(f"oci:{umoci_layout()}:t", f"docker://{address}/team/app:1", "--dest-tls-verify=false")
        converted(
            f"oci:{umoci_layout()}:t",
            f"docker://{address}/team/app:v2s2",
            "--dest-tls-verify=false",
            "--format",
            "v2s2",
        )
        port = address.rpartition(":")[2]
        for spec in (
            f"docker://{address}/team/app:1", f"registry:localhost:{port}/team/app:1", f"docker://{address}/team/app:v2s2"
        ):  # fmt: skip
            assert_same(spec, expected)
        assert facts(check(f"docker://{address}/team/app:1", platform="linux/amd64")) == expected
        with pytest.raises(UnreadableSource, match="manifest unknown"):
            check(f"docker://{address}/team/app:2")
        with pytest.raises(UnreadableSource, match="no image for linux/arm64 in it: there is linux/amd64"):
            check(f"docker://{address}/team/app:1", platform="linux/arm64")
    with pytest.raises(UnreadableSource, match="connection refused") as refused:
        check(f"docker://{address}/team/app:1")
    assert "\n" not in str(refused.value)
    assert list((tmp_path / "tmp").iterdir()) == []


@pytest.mark.parametrize("driver", ["vfs", "overlay"])
def test_podmans_store(driver: str, expected: Facts, tmp_path: Path) -> None:
    """From the store that podman and buildah share."""
    with buildah(tmp_path, driver) as it:
        converted(f"oci:{umoci_layout()}:t", f"containers-storage:{it.store}local/app:1")
        assert_same(f"podman:{it.store}local/app:1", expected)


def test_several_platforms(tmp_path: Path) -> None:
    """An index that buildah wrote, as a layout and as a tar: a place for each platform, or the one asked for."""
    needs("umoci")
    binary = umoci_layout().parent / "app/usr/local/bin/server"
    layout = f"{tmp_path}/m"
    run(["umoci", "init", "--layout", layout], timeout=TOOL_LIMIT)
    for arch in ("amd64", "arm64"):
        image = f"{layout}:{arch}"
        run(["umoci", "new", "--image", image], timeout=TOOL_LIMIT)
        run(["umoci", "insert", "--image", image, str(binary), f"/bin/{arch}"], timeout=TOOL_LIMIT)
        run(["umoci", "config", "--image", image, "--architecture", arch, "--os", "linux"], timeout=TOOL_LIMIT)
    with buildah(tmp_path, "vfs") as build:
        build("manifest", "create", "ml")
        build("manifest", "add", "ml", f"oci:{layout}:amd64")
        build("manifest", "add", "--arch", "arm64", "--variant", "v8", "ml", f"oci:{layout}:arm64")
        build("manifest", "push", "-q", "--all", "ml", f"oci:{tmp_path}/mm:latest")
        build("manifest", "push", "-q", "--all", "ml", f"oci-archive:{tmp_path}/mm.tar")
    for path in ("mm", "mm.tar"):
        places = {judged.parents[1:]: judged.path for judged in check(str(tmp_path / path), on="alpine:3.23").objects}
        assert places == {("linux/amd64",): "bin/amd64", ("linux/arm64/v8",): "bin/arm64"}
        for wanted in ("linux/arm64", "linux/arm64/v8"):
            [judged] = check(str(tmp_path / path), on="alpine:3.23", platform=wanted).objects
            assert (judged.parents[1:], judged.path) == ((), "bin/arm64")
        with pytest.raises(UnreadableSource, match="there is linux/amd64, linux/arm64/v8"):
            check(str(tmp_path / path), platform="linux/arm64/v7")
    without = {judged.parents[1:] for judged in check(layout, on="alpine:3.23").objects}
    assert without == {("linux/amd64",), ("linux/arm64",)}  # umoci writes no platform into the index


def test_without_skopeo(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line that says what to do."""
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(UnreadableSource, match="skopeo is not installed: apt-get install skopeo, or save the image"):
        check("docker://localhost/app")
