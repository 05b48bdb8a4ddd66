"""What no tool here writes, and every reader meets: attestations, foreign layers, broken digests, odd commands."""

import gzip
import io
import json
import re
import tarfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from muslint.errors import UnknownTarget, UnreadableSource
from muslint.pipeline import check
from muslint.report.json_format import render as render_json
from muslint.report.table import render as render_table
from muslint.sources.images.command import Started, started
from muslint.sources.images.config import instructions
from muslint.sources.packed import PackedTree
from muslint.sources.source import Source, open_source
from tests.images.layout import OCI, Entries, Layout, layer, tagged
from tests.images.recipes import programs
from tests.support import compile as compiler
from tests.support.cache import REPOSITORY

VALIDATOR = Draft202012Validator(json.loads((REPOSITORY / "src/muslint/report/schema.json").read_text()))
SIMPLE: Entries = [("bin/", ("dir", "")), ("bin/app", ("file", "#!/bin/sh\n"))]


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """An empty layout."""
    return Layout(tmp_path / "image")


def platforms(source: Source) -> list[str]:
    """The platforms of the images of a source."""
    return [place.image.platform for place, _ in source.places() if place.image is not None]


def elf(folder: Path) -> bytes:
    """A program built for glibc."""
    if not (folder / "app").is_dir():
        programs(folder)
    return (folder / "app/usr/local/bin/server").read_bytes()


# --- which images ---------------------------------------------------------------------------------------------


def platform(text: str) -> dict[str, str]:
    """A platform object."""
    return dict(zip(("os", "architecture", "variant"), text.split("/")))


def test_indexes_attestations_and_other_systems(layout: Layout) -> None:
    """Indexes inside indexes are followed, what attests to an image is not one, what is for Windows is skipped."""
    one = layer(SIMPLE)
    amd64 = layout.image([one], platform=platform("linux/amd64"))
    arm64 = layout.image([one, one], {"architecture": "arm64", "variant": "v8"}, platform=platform("linux/arm64/v8"))
    attestation = layout.image(
        [layer([("a.json", ("file", "{}"))])],
        platform=platform("unknown/unknown"), annotations={"vnd.docker.reference.type": "attestation-manifest"},
    )  # fmt: skip
    windows = {**amd64, "platform": platform("windows/amd64")}
    inner = layout.index([arm64, attestation, windows])
    layout.written(layout.index([amd64, inner], annotations=tagged("multi")))
    source = open_source(str(layout.folder))
    assert platforms(source) == ["linux/amd64", "linux/arm64/v8"]
    assert [place.parents[1:] for place in source.inner] == [("linux/amd64",), ("linux/arm64/v8",)]
    assert [(skipped.path, skipped.reason) for skipped in source.skipped] == [
        ("multi windows/amd64", "an image that is not for Linux")
    ]
    report = check(str(layout.folder), platform="linux/arm64")
    assert [one.image.platform for one in report.images] == ["linux/arm64/v8"]
    assert report.skipped == ()
    with pytest.raises(UnreadableSource, match="no image for linux/s390x in it: there is linux/amd64, linux/arm64/v8"):
        check(str(layout.folder), platform="linux/s390x")


def test_signatures_and_statements(layout: Layout) -> None:
    """What cosign and BuildKit store with the configuration of an image is none; another artifact is said."""
    image = layout.image([layer(SIMPLE)], platform=platform("linux/amd64"))
    config = layout.document({"architecture": "", "os": "", "rootfs": {"type": "layers"}}, f"{OCI}.config.v1+json")
    kinds = ("application/vnd.dev.cosign.simplesigning.v1+json", "application/vnd.in-toto+json",
             "application/vnd.dsse.envelope.v1+json", "application/vnd.example.model")  # fmt: skip
    others = [layout.manifest(config, [layout.blob(kind.encode(), kind)], annotations=tagged("x")) for kind in kinds]
    source = open_source(str(layout.written(image, *others)))
    assert platforms(source) == ["linux/amd64"]
    assert [item.reason for item in source.skipped] == ["not a container image (application/vnd.example.model)"]


def test_tags_and_digests_choose(layout: Layout) -> None:
    """One image under two tags is one image; a tag or a digest names it."""
    first = layout.image([layer(SIMPLE)], annotations=tagged("a"))
    again = {**first, "annotations": tagged("b")}
    other = layout.image([layer(SIMPLE), layer(SIMPLE)], annotations=tagged("c"))
    layout.written(first, again, other)
    assert platforms(open_source(str(layout.folder))) == ["linux/amd64"] * 2
    assert [place.parents[-1] for place in open_source(str(layout.folder)).inner] == ["a linux/amd64", "c linux/amd64"]
    for tag, count in (("a", 1), ("b", 1), ("c", 2), (other["digest"], 2)):
        source = open_source(f"oci:{layout.folder}:{tag}")
        assert source.image is not None
        assert len(source.image.layers) == count
    assert open_source(str(layout.folder)).inner[0].image.tags == ("a", "b")  # type: ignore[union-attr]


def test_no_image_but_an_artifact(layout: Layout) -> None:
    """A chart or a signature in an index is told apart from an image."""
    chart = layout.manifest(layout.document({}, "application/vnd.cncf.helm.config.v1+json"), [])
    layout.written(chart)
    with pytest.raises(UnreadableSource, match=r"not a container image \(application/vnd.cncf.helm"):
        open_source(str(layout.folder))


@pytest.mark.parametrize(
    "digest", ["sha256:../../../etc/passwd", "../x", "", "sha256:" + "0" * 64, 7, "sha256:" + "a/" * 32]
)
def test_digests_lead_nowhere_else(digest: object, layout: Layout) -> None:
    """A digest that is a path, or of nothing, is said to be so."""
    layout.written({"mediaType": f"{OCI}.manifest.v1+json", "digest": digest, "size": 2})
    with pytest.raises(UnreadableSource, match="no image in it"):
        open_source(str(layout.folder))


def test_an_index_that_holds_itself(layout: Layout) -> None:
    """Indexes within indexes end somewhere."""
    one = layout.image([layer(SIMPLE)])
    nested = one
    for _ in range(20):
        nested = layout.index([nested] * 3)
    layout.written(nested)
    with pytest.raises(UnreadableSource, match="too deep"):
        open_source(str(layout.folder))


def spoiled(value: Any) -> Iterator[Any]:
    """A JSON document with each value in it replaced by one of another kind, or left out."""
    for other in (None, 7, "x", "sha256:" + "0" * 64, [], {}, [7], {"x": []}, True):
        if type(other) is not type(value) or not value:
            yield other
    if isinstance(value, dict):
        for key in value:
            yield {name: item for name, item in value.items() if name != key}
            for inner in spoiled(value[key]):
                yield {**value, key: inner}
    elif isinstance(value, list):
        for at, item in enumerate(value):
            for inner in spoiled(item):
                yield [*value[:at], inner, *value[at + 1 :]]


@pytest.mark.parametrize("which", ["config", "manifest", "index"])
def test_documents_that_are_not_what_they_should_be(which: str, layout: Layout) -> None:
    """Whatever is wrong in a document, what comes is a report or one line: never a crash."""
    tar = layer(SIMPLE)
    config = {
        "architecture": "amd64", "os": "linux", "variant": "v1", "history": [{"created_by": "x", "empty_layer": False}],
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + "1" * 64]},
        "config": {"Env": ["PATH=/bin"], "Entrypoint": ["app"], "Cmd": ["x"], "WorkingDir": "/", "User": "u"},
    }  # fmt: skip
    layers = [layout.blob(tar, f"{OCI}.layer.v1.tar")]
    described = layout.document(config, f"{OCI}.config.v1+json")
    manifest = {"schemaVersion": 2, "config": described, "layers": layers, "mediaType": "x", "annotations": {"a": "b"}}
    index = layout.manifest(described, layers, platform=platform("linux/amd64/v1"), annotations=tagged("t"))
    count = 0
    for value in spoiled({"config": config, "manifest": manifest, "index": {"manifests": [index]}}[which]):
        if which == "config":
            layout.written(layout.manifest(layout.document(value, f"{OCI}.config.v1+json"), layers))
        elif which == "manifest":
            layout.written(layout.document(value, f"{OCI}.manifest.v1+json"))
        else:
            layout.written()
            (layout.folder / "index.json").write_text(json.dumps(value))
        try:
            report = check(str(layout.folder), on="musl:1.2.5")
        except UnreadableSource as error:
            assert "\n" not in str(error)
        else:
            assert render_table(report, 1)
            VALIDATOR.validate(json.loads(render_json(report)))
        count += 1
    assert count > 50


# --- layers ---------------------------------------------------------------------------------------------------


def test_layers_that_are_not_there_or_not_what_they_should_be(layout: Layout) -> None:
    """A foreign layer, a missing one, one that is no tar, one of another digest: each is skipped with a reason."""
    good = layout.blob(layer(SIMPLE), f"{OCI}.layer.v1.tar")
    foreign = {"mediaType": f"{OCI}.layer.nondistributable.v1.tar", "digest": "sha256:" + "1" * 64, "size": 1}
    missing = {"mediaType": f"{OCI}.layer.v1.tar", "digest": "sha256:" + "2" * 64, "size": 1}
    no_tar = layout.blob(b"text, and no tar\n" * 100, f"{OCI}.layer.v1.tar")
    packed = layout.image([layer([("etc/x", ("file", "1"))])])
    manifest = json.loads((layout.folder / "blobs/sha256" / packed["digest"][7:]).read_text())
    stored = layout.folder / "blobs/sha256" / manifest["layers"][0]["digest"][7:]
    changed = stored.with_name("3" * 64)
    changed.write_bytes(stored.read_bytes())
    wrong = {**manifest["layers"][0], "digest": "sha256:" + "3" * 64}
    config = layout.document({"architecture": "amd64", "os": "linux"}, f"{OCI}.config.v1+json")
    layout.written(layout.manifest(config, [good, foreign, missing, no_tar, wrong]))
    source = open_source(str(layout.folder))
    assert [(item.path.split()[:2], item.reason) for item in source.skipped] == [
        (["layer", "2"], "a foreign layer: its content lies elsewhere"),
        (["layer", "3"], "its content is not there"),
        (["layer", "4"], "cannot be read to its end (no tar, nor anything that unpacks to one)"),
        (["layer", "5"], "it does not have the digest it is named by: damaged, or not what the image means"),
    ]
    assert source.image is not None
    assert [item.created_by for item in source.image.layers] == [""] * 5


def test_a_changed_configuration_is_refused(layout: Layout) -> None:
    """Configuration and manifest are held against their digests."""
    described = layout.image([layer(SIMPLE)])
    manifest = json.loads((layout.folder / "blobs/sha256" / described["digest"][7:]).read_text())
    (layout.folder / "blobs/sha256" / manifest["config"]["digest"][7:]).write_text('{"architecture": "arm64"}')
    layout.written(described)
    with pytest.raises(UnreadableSource, match="its configuration does not have the digest it is named by"):
        open_source(str(layout.folder))


def test_what_is_replaced_is_not_in_the_image(layout: Layout, tmp_path: Path) -> None:
    """Neither a program that a higher layer hides, nor what could not be read of one that it replaces."""
    binary = elf(tmp_path)
    first = tmp_path / "first.tar"
    with tarfile.open(first, "w") as tar:
        for name, data in (("bin/kept", binary), ("bin/gone", binary), ("bin/other", binary), ("lib/x.so", b"")):
            (tmp_path / "file").write_bytes(data)
            tar.add(tmp_path / "file", name)
        (tmp_path / "file").write_bytes(b"PK\3\4 broken")
        tar.add(tmp_path / "file", "opt/a.jar")
        tar.add(tmp_path / "file", "opt/b.jar")
    second = layer(
        [("bin/.wh.gone", ("file", "")), ("bin/other", ("file", "text")), ("opt/a.jar", ("file", "")),
         ("lib/x.so", ("file", "INPUT(y)"))]
    )  # fmt: skip
    layout.written(layout.image([first.read_bytes(), second]))
    source = open_source(str(layout.folder))
    assert [(m.path, m.layer.index if m.layer else 0) for m in source.members] == [("/bin/kept", 1)]
    inside = [item.path for place, _ in source.places() for item in place.skipped]
    assert inside == ["/opt/b.jar"]


def test_a_hard_link_to_a_lower_layer(layout: Layout, tmp_path: Path) -> None:
    """The new name is of the layer that adds it, the old name of its own; they are one file to the loader."""
    (tmp_path / "file").write_bytes(elf(tmp_path))
    with tarfile.open(tmp_path / "first.tar", "w") as tar:
        tar.add(tmp_path / "file", "bin/one")
    second = layer([("opt/two", ("hard", "bin/one")), ("bin/.wh.one", ("file", ""))])
    third = layer([("opt/three", ("hard", "opt/two"))])
    layout.written(layout.image([(tmp_path / "first.tar").read_bytes(), second, third]))
    source = open_source(str(layout.folder))
    assert [(m.path, m.layer.index if m.layer else 0) for m in source.members] == [("/opt/three", 3), ("/opt/two", 2)]
    opened = [source.tree.open(path) for path in ("/opt/three", "/opt/two")]
    assert opened[0].identity == opened[1].identity  # type: ignore[union-attr]


def test_the_later_of_two_entries(layout: Layout) -> None:
    """containerd takes the later entry of a name; the tree does too."""
    layout.written(layout.image([layer([("x", ("file", "#!1")), ("x", ("file", "#!22"))])]))
    found = open_source(str(layout.folder)).tree.open("/x")
    assert found.data is not None  # type: ignore[union-attr]
    assert found.data.size == 4  # type: ignore[union-attr]


def test_empty_layers_and_estargz(layout: Layout, tmp_path: Path) -> None:
    """Layers without an entry in all their forms; a gzip member for each file, marks and a table of contents."""
    program = elf(tmp_path)
    tar = io.BytesIO()
    parts = []
    with tarfile.open(fileobj=tar, mode="w", format=tarfile.PAX_FORMAT) as out:
        for name, data in ((".no.prefetch.landmark", b"\x0f"), ("bin/app", program), ("stargz.index.json", b"{}")):
            start = tar.tell()
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(data), 0o755
            out.addfile(info, io.BytesIO(data))
            parts.append(tar.getvalue()[start:])
    footer = (
        bytes.fromhex("1f8b0804000000000000 1a00 5347 1600")
        + b"0" * 16
        + b"STARGZ"
        + bytes.fromhex("010000ffff0000000000000000")
    )
    stargz = b"".join(gzip.compress(part, 1, mtime=0) for part in (*parts, bytes(1024))) + footer
    plain = b"".join(parts) + bytes(1024)
    empty = [b"", bytes(1024), gzip.compress(bytes(1024), mtime=0), gzip.compress(b"", mtime=0)]
    stored = [layout.blob(data, f"{OCI}.layer.v1.tar") for data in (*empty, stargz)]
    config = layout.document(
        {"architecture": "amd64", "os": "linux", "rootfs": {"diff_ids": [sha256(plain).hexdigest()]}},
        f"{OCI}.config.v1+json",
    )
    source = open_source(str(layout.written(layout.manifest(config, stored))))
    assert source.skipped == ()
    assert [(member.path, member.layer and member.layer.index) for member in source.members] == [("/bin/app", 5)]


def test_images_that_share_layers(tmp_path: Path) -> None:
    """``docker save a b``: a layer is there once, and each image has it."""
    shared, own = layer([("bin/app", ("file", "#!/bin/sh\n"))]), layer([("bin/more", ("file", "#!/bin/sh\n"))])
    members = {"1.tar": shared, "2.tar": own}
    images = []
    for number, layers in ((1, ["1.tar"]), (2, ["1.tar", "2.tar"])):
        diff_ids = [f"sha256:{sha256(members[name]).hexdigest()}" for name in layers]
        config = {"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": diff_ids}}
        members[f"c{number}.json"] = json.dumps(config).encode()
        images.append({"Config": f"c{number}.json", "RepoTags": [f"app:{number}"], "Layers": layers})
    members["manifest.json"] = json.dumps(images).encode()
    source = open_source(str(archive(tmp_path / "two.tar", members, {})))
    assert source.skipped == ()
    found = {}
    for inner in source.inner:
        assert inner.image is not None
        assert isinstance(inner.tree, PackedTree)
        found[inner.image.tags] = (inner.tree.names("/bin"), [one.digest for one in inner.image.layers])
    first, second = (f"sha256:{sha256(data).hexdigest()}" for data in (shared, own))
    assert {tags: (sorted(names), digests) for tags, (names, digests) in found.items()} == {
        ("app:1",): (["app"], [first]),
        ("app:2",): (["app", "more"], [first, second]),
    }


# --- Docker archives --------------------------------------------------------------------------------------------


def archive(path: Path, members: dict[str, bytes], links: dict[str, str]) -> Path:
    """A tar of these files and symbolic links."""
    with tarfile.open(path, "w") as tar:
        for name, data in members.items():
            scratch = path.with_name("scratch")
            scratch.write_bytes(data)
            tar.add(scratch, name)
        for name, target in links.items():
            info = tarfile.TarInfo(name)
            info.type, info.linkname = tarfile.SYMTYPE, target
            tar.addfile(info)
    return path


def test_old_docker_archives(tmp_path: Path) -> None:
    """Before 1.10: ``repositories`` names the top layer, each layer its parent; layers may be links to others'."""
    top, low = "b" * 64, "a" * 64
    members = {
        "repositories": json.dumps({"app": {"1": top}}).encode(),
        f"{low}/json": json.dumps({"id": low, "container_config": {"Cmd": ["ADD", "x"]}}).encode(),
        f"{low}/layer.tar": layer(SIMPLE),
        f"{top}/json": json.dumps(
            {"id": top, "parent": low, "os": "linux", "architecture": "amd64", "config": {"Entrypoint": ["/bin/app"]}}
        ).encode(),
    }
    path = archive(tmp_path / "old.tar", members, {f"{top}/layer.tar": f"../{low}/layer.tar"})
    for spec in (str(path), f"docker-archive:{path}", f"docker-archive:{path}:app:1"):
        image = open_source(spec).image
        assert image is not None
        assert (image.platform, image.tags, image.command) == ("linux/amd64", ("app:1",), ("/bin/app",))
        assert [item.created_by for item in image.layers] == ["ADD x", ""]


def test_docker_25_and_its_index(layout: Layout, tmp_path: Path) -> None:
    """``docker save`` of an image for many platforms names all in its index and holds one."""
    here = layout.image([layer(SIMPLE)], platform=platform("linux/amd64"))
    elsewhere = {**here, "digest": "sha256:" + "9" * 64, "platform": platform("linux/s390x")}
    layout.written(layout.index([here, elsewhere], annotations={"io.containerd.image.name": "docker.io/library/app:1"}))
    manifest = json.loads((layout.folder / "blobs/sha256" / here["digest"][7:]).read_text())
    names = [f"blobs/sha256/{one['digest'][7:]}" for one in (manifest["config"], *manifest["layers"])]
    document = [{"Config": names[0], "RepoTags": ["app:1"], "Layers": names[1:]}]
    (layout.folder / "manifest.json").write_text(json.dumps(document))
    with tarfile.open(tmp_path / "saved.tar", "w") as tar:
        tar.add(layout.folder, "")
    for spec in ("", "docker-archive:", "oci-archive:"):
        source = open_source(f"{spec}{tmp_path / 'saved.tar'}")
        assert platforms(source) == ["linux/amd64"]
        assert source.skipped == ()


@pytest.mark.parametrize("manifest", [b"{}", b"[", b'{"manifest_version": 3}', b"[1, {}]"])
def test_files_that_only_have_such_names(manifest: bytes, tmp_path: Path) -> None:
    """A tar with a manifest.json that is no image's is a tar like any other: nothing of it is lost."""
    path = archive(tmp_path / "x.tar", {"manifest.json": manifest, "a" * 40: elf(tmp_path)}, {})
    found = [(m.path, place.kind) for place, _ in open_source(str(path)).places() for m in place.members]
    assert found == [("/" + "a" * 40, "tar")]


# --- what is started --------------------------------------------------------------------------------------------

TREE: Entries = [
    ("bin/", ("dir", "")), ("usr/bin/", ("dir", "")), ("bin/sh", ("link", "busybox")), ("etc/", ("dir", "")),
    ("usr/bin/env", ("link", "../../bin/busybox")), ("entry.sh", ("file", '#!/bin/sh\nset -e\nexec "$@"\n')),
    ("other.sh", ("file", "#! /bin/sh -e\necho\n")), ("bash.sh", ("file", "#!/bin/bash\n")),
    ("python", ("file", "#!/usr/bin/env -S python3 -u\n")), ("work/", ("dir", "")), ("text", ("file", "text")),
    ("sbin/tini", ("link", "../bin/server")), ("usr/bin/su-exec", ("link", "../../bin/server")),
]  # fmt: skip


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"Entrypoint": ["server"]}, ["/bin/server"]),
        ({"Entrypoint": ["./server"], "WorkingDir": "/bin"}, ["/bin/server"]),
        ({"Entrypoint": ["../bin/server"], "WorkingDir": "work/"}, ["/bin/server"]),
        ({"Entrypoint": None, "Cmd": ["server", "-x"]}, ["/bin/server"]),
        ({"Cmd": ["server"], "Env": ["PATH=/opt:/usr/bin"]}, ["server!"]),
        ({"Cmd": ["/bin/sh", "-c", "server --port 1"]}, ["/bin/busybox", "/bin/server"]),
        ({"Cmd": ["/bin/sh", "-ec", "A=1 exec server && echo"]}, ["/bin/busybox", "/bin/server"]),
        ({"Cmd": ["/bin/sh", "-c", "cd /x && server"]}, ["/bin/busybox"]),
        ({"Cmd": ["/bin/sh", "-c", '"$APP" x']}, ["/bin/busybox"]),
        ({"Cmd": ["sh", "/other.sh"]}, ["/bin/busybox", "/other.sh", "/bin/busybox"]),
        ({"Entrypoint": ["/entry.sh"], "Cmd": ["server"]}, ["/entry.sh", "/bin/busybox", "/bin/server"]),
        ({"Entrypoint": ["/other.sh"], "Cmd": ["server"]}, ["/other.sh", "/bin/busybox"]),
        ({"Entrypoint": ["/bash.sh"]}, ["/bash.sh", "/bin/bash!"]),
        ({"Entrypoint": ["/python"]}, ["/python", "/bin/busybox", "python3!"]),
        ({"Entrypoint": ["/sbin/tini", "-g", "--", "server"]}, ["/bin/server", "/bin/server"]),
        ({"Entrypoint": ["su-exec", "nobody", "server"]}, ["/bin/server", "/bin/server"]),
        ({"Entrypoint": ["/text"]}, ["/text!"]),
        ({"Entrypoint": ["/etc"]}, ["/etc!"]),
        ({"Entrypoint": "server"}, ["/bin/server"]),
        ({"Entrypoint": 7, "Cmd": {"a": 1}}, ["a!"]),
        ({}, []),
    ],
)
def test_command(config: dict[str, Any], expected: list[str], layout: Layout, tmp_path: Path) -> None:
    """PATH, working directory, links, shells, scripts and programs that run another; ``!`` marks what fails."""
    (tmp_path / "file").write_bytes(elf(tmp_path))
    (tmp_path / "file").chmod(0o755)
    with tarfile.open(tmp_path / "first.tar", "w") as tar:
        tar.add(tmp_path / "file", "bin/server")
        tar.add(tmp_path / "file", "bin/busybox")
    layout.written(layout.image([(tmp_path / "first.tar").read_bytes(), layer(TREE)], {"config": config}))
    source = open_source(str(layout.folder))
    assert isinstance(source.tree, PackedTree)
    assert source.image is not None

    def told(step: Started) -> str:
        return f"{step.path or step.asked}!" if step.trouble else step.path

    assert [told(step) for step in started(source.tree, source.image)] == expected


def test_a_script_without_its_interpreter(layout: Layout, tmp_path: Path) -> None:
    """``#!/bin/bash`` on an image that has no bash: the container does not start, and the gate says so."""
    from tests.support import musl

    loader = musl.loader("1.2.5", "amd64")
    musl.install(loader, tmp_path / "root")
    with tarfile.open(tmp_path / "first.tar", "w") as tar:
        tar.add(tmp_path / "root", "")
    data = (tmp_path / "first.tar").read_bytes()
    layout.written(layout.image([data, layer(TREE)], {"config": {"Entrypoint": ["/bash.sh", "x"]}}))
    report = check(str(layout.folder))
    [script] = report.objects
    assert (script.path, script.kind, str(script.verdict), script.layer.index) == ("/bash.sh", "script", "fails", 2)  # type: ignore[union-attr]
    assert [(one.rule, one.message, one.library) for one in script.findings] == [
        ("interpreter-missing", "/bash.sh: not found", "/bin/bash")
    ]
    assert str(report.images[0].verdict) == "fails"
    assert render_table(report, 0).splitlines()[1:4] == [
        "entrypoint /bash.sh x    FAILS    no /bin/bash there",
        "  starts /bash.sh → /bin/bash",
        "  from layer 2  step 2",
    ]
    VALIDATOR.validate(json.loads(render_json(report)))


def test_history_that_does_not_fit() -> None:
    """Empty layers are passed over; a history of another number of layers says nothing."""
    history = [{"created_by": "ADD"}, {"created_by": "ENV", "empty_layer": True}, {"created_by": "RUN"}]
    assert instructions(history, 2) == ("ADD", "RUN")
    assert instructions(history, 3) == ("", "", "")
    assert instructions(None, 1) == ("",)
    assert instructions([{}, 7], 1) == ("",)


def test_reports(layout: Layout, tmp_path: Path) -> None:
    """Several images: each with its head, and under ``images`` in JSON."""
    (tmp_path / "file").write_bytes(elf(tmp_path))
    (tmp_path / "file").chmod(0o755)
    with tarfile.open(tmp_path / "first.tar", "w") as tar:
        tar.add(tmp_path / "file", "bin/server")
    data = (tmp_path / "first.tar").read_bytes()
    config = {"config": {"Entrypoint": ["server"]}, "history": [{"created_by": "/bin/sh -c #(nop)  COPY file:a in / "}]}
    layout.written(
        layout.image([data], config, platform=platform("linux/amd64")),
        layout.image([data], {**config, "variant": "v2"}, platform=platform("linux/amd64/v2")),
    )
    report = check(str(layout.folder), on="alpine:3.23")
    table = render_table(report, 0)
    assert "linux/amd64  linux/amd64, 1 layer\nentrypoint server    FAILS    no /lib64/ld-linux" in table
    assert "\n  from layer 1  COPY file:a in /\n" in table
    document = json.loads(render_json(report))
    VALIDATOR.validate(document)
    assert [one["platform"] for one in document["images"]] == ["linux/amd64", "linux/amd64/v2"]
    assert document["images"][0]["layers"][0]["diff_id"] == f"sha256:{sha256(data).hexdigest()}"
    assert document["objects"][0]["layer"]["created_by"] == "/bin/sh -c #(nop)  COPY file:a in / "


def test_set_id_programs_ignore_it(layout: Layout, tmp_path: Path) -> None:
    """A set-user-ID program that somebody else than root starts is loaded without LD_LIBRARY_PATH (AT_SECURE)."""
    from tests.support import musl

    programs(tmp_path)
    musl.install(musl.loader("1.2.5", "amd64"), tmp_path / "root")
    (tmp_path / "app/usr/local/bin/client").chmod(0o4755)
    with tarfile.open(tmp_path / "first.tar", "w") as tar:
        tar.add(tmp_path / "root", "")
        tar.add(tmp_path / "app/usr/local/bin/client", "bin/client")
        tar.add(tmp_path / "greet/libgreet.so", "opt/lib/libgreet.so")
    data = (tmp_path / "first.tar").read_bytes()
    for user, verdict in (("", "runs"), ("0:0", "runs"), ("root", "runs"), ("nobody", "fails"), ("1000:0", "fails")):
        layout.written(layout.image([data], {"config": {"Env": ["LD_LIBRARY_PATH=/opt/lib"], "User": user}}))
        report = check(str(layout.folder))
        assert [str(one.verdict) for one in report.objects if one.path == "/bin/client"] == [verdict], user


def test_environment_reaches_the_loader(layout: Layout, tmp_path: Path) -> None:
    """LD_LIBRARY_PATH and LD_PRELOAD of the configuration are what programs are loaded with.

    What is preloaded by a path does not stand for the name that a program needs (musl ``load_library``).
    """
    from tests.support import musl

    programs(tmp_path)
    root = tmp_path / "root"
    musl.install(musl.loader("1.2.5", "amd64"), root)
    with tarfile.open(tmp_path / "first.tar", "w") as tar:
        tar.add(root, "")
        tar.add(tmp_path / "app/usr/local/bin/client", "bin/client")
        tar.add(tmp_path / "greet/libgreet.so", "opt/lib/libgreet.so")
        tar.add(tmp_path / "app/usr/lib/libgreet.so", "opt/bad/libgreet.so")
    data = (tmp_path / "first.tar").read_bytes()
    for environment, verdict in (
        ([], "fails"), (["LD_LIBRARY_PATH=/opt/lib"], "runs"), (["LD_LIBRARY_PATH=/opt/bad:/opt/lib"], "fails"),
        (["LD_PRELOAD=/opt/lib/libgreet.so"], "fails"),
        (["LD_LIBRARY_PATH=/opt/lib", "LD_PRELOAD=/opt/bad/libgreet.so"], "fails"),
    ):  # fmt: skip
        layout.written(layout.image([data], {"config": {"Env": environment, "Cmd": ["client"]}}))
        report = check(str(layout.folder))
        assert [str(one.verdict) for one in report.objects if one.path == "/bin/client"] == [verdict], environment
        assert str(report.images[0].verdict) == verdict


def test_an_image_without_a_loader_is_no_target_of_its_own(layout: Layout, tmp_path: Path) -> None:
    """``--on self`` judges nothing there, and nothing judged is not well: wrong use, unless all of it is static."""
    program = elf(tmp_path)
    static = tmp_path / "static"
    (tmp_path / "main.c").write_text("int main(void) { return 0; }")
    compiler.zig_cc("x86_64-linux-musl", [tmp_path / "main.c"], static, "-static")
    for held, told in ((program, "/lib/ld-musl-x86_64.so.1, /lib64/ld-linux-x86-64.so.2"), (static.read_bytes(), "")):
        (tmp_path / "server").write_bytes(held)
        with tarfile.open(tmp_path / "first.tar", "w") as tar:
            tar.add(tmp_path / "server", "bin/server")
        layout.written(layout.image([(tmp_path / "first.tar").read_bytes()]))
        if told:
            with pytest.raises(UnknownTarget, match=re.escape(told)):
                check(str(layout.folder), on="self")
        else:
            (judged,) = check(str(layout.folder), on="self").objects
            assert str(judged.verdict) == "runs"
        assert [str(one.verdict) for one in check(str(layout.folder)).objects] == ["fails" if told else "runs"]
