"""Where settings come from: files, the environment, and what is refused."""

from pathlib import Path

import pytest

from muslint.errors import WrongUse
from muslint.policy.config import ConfigFile, Kind, Setting, find_config, from_environment, from_file, read_config

SETTINGS = {
    setting.name: setting
    for setting in (
        Setting("fail-on", Kind.TEXT, ("fails", "differs", "never"), "fails"),
        Setting("on", Kind.TEXT),
        Setting("include", Kind.LIST),
        Setting("strict", Kind.FLAG, default=False),
        Setting("verbose", Kind.COUNT, default=0),
    )
}


def test_the_nearest_file_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the working directory upwards; muslint.toml stands before pyproject.toml; files are not merged."""
    here = tmp_path / "a" / "b"
    here.mkdir(parents=True)
    monkeypatch.chdir(here)
    (tmp_path / "muslint.toml").write_text('on = "top"\nstrict = true\n')
    (tmp_path / "a" / "pyproject.toml").write_text("[project]\nname = 'muslint-user'\n")
    assert find_config() == ConfigFile("../../muslint.toml", {"on": "top", "strict": True}, [])
    (tmp_path / "a" / "pyproject.toml").write_text("[tool.muslint]\non = 'project'\n")
    assert find_config() == ConfigFile("../pyproject.toml", {"on": "project"}, [])
    (tmp_path / "a" / "muslint.toml").write_text("on = 'near'\n[[suppress]]\nrule = 'x'\n")
    assert find_config() == ConfigFile("../muslint.toml", {"on": "near"}, [{"rule": "x"}])
    monkeypatch.chdir(tmp_path / "a")
    assert find_config() == ConfigFile("muslint.toml", {"on": "near"}, [{"rule": "x"}])


def test_a_project_of_another_kind_is_not_read(tmp_path: Path) -> None:
    """A pyproject.toml that does not speak of muslint is passed by, even where it is no TOML."""
    file = tmp_path / "pyproject.toml"
    file.write_text("[tool\n")
    assert read_config(str(file)) is None
    file.write_text("[tool.other]\nname = 'muslint'\n")
    assert read_config(str(file)) is None
    with pytest.raises(WrongUse, match=r"has no table \[tool\.muslint\]"):
        read_config(str(file), wanted=True)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"on = \n", "no valid TOML"),
        (b"on = '\xff'\n", "no valid TOML"),
        (b"on = 1\n", "on: must be a text"),
        (b"verbose = true\n", "verbose: must be a whole number"),
        (b"verbose = -1\n", "verbose: must be a whole number"),
        (b"strict = 1\n", "strict: must be true or false"),
        (b"include = [1]\n", "include: must be a text or a list of texts"),
        (b"fail-on = 'perhaps'\n", "fail-on: perhaps: write fails, differs or never"),
        (b"fail_on = 'fails'\n", "no such key: fail_on; did you mean fail-on"),
        (b"inclde = 'x'\n", "did you mean include"),
        (b"zzz = 1\n", "known are fail-on, include, on, strict, suppress, verbose"),
        (b"[supress]\n", "did you mean suppress"),
    ],
)
def test_what_is_refused(tmp_path: Path, text: bytes, said: str) -> None:
    """The file and the key are named, and what to write instead."""
    path = tmp_path / "muslint.toml"
    path.write_bytes(text)
    with pytest.raises(WrongUse) as refused:
        from_file(read_config(str(path)) or ConfigFile(""), SETTINGS)
    assert str(refused.value).startswith(f"{path}: ")
    assert said in str(refused.value)


def test_environment() -> None:
    """Lists are separated by commas, an empty variable sets nothing, a wrong value is refused."""
    given = {
        "MUSLINT_INCLUDE": "*.so, bin/*",
        "MUSLINT_STRICT": "Yes",
        "MUSLINT_VERBOSE": "2",
        "MUSLINT_ON": "",
        "MUSLINT_TRACEBACK": "1",
    }
    assert from_environment(given, SETTINGS) == {"include": ["*.so", "bin/*"], "strict": True, "verbose": 2}
    assert from_environment({"MUSLINT_STRICT": "off"}, SETTINGS) == {"strict": False}
    for name, value in (("MUSLINT_STRICT", "maybe"), ("MUSLINT_VERBOSE", "much"), ("MUSLINT_FAIL_ON", "x")):
        with pytest.raises(WrongUse, match=name):
            from_environment({name: value}, SETTINGS)
    for name in ("MUSLINT_FAILON", "MUSLINT_INCLUDES"):
        with pytest.raises(WrongUse, match=f"{name}: no such setting; did you mean MUSLINT_"):
            from_environment({name: "never"}, SETTINGS)
    assert from_environment({"MUSLINT_ORACLE": "full", "MUSLINT_VENV": "x", "MUSLINT_CONFIG": "y"}, SETTINGS) == {}
