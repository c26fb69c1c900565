"""What the README shows works."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

import pytest
from kit import kit

from common import registry
from common.cli import parser

ROOT = Path(registry.__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```console\n(.*?)```", README, flags=re.S)
SHOWN = [line[2:] for block in BLOCKS for line in block.splitlines() if line.startswith("$ ")]
WITHOUT_A_NETWORK = ("kit list", "kit show", "kit doctor", "kit sample", "kit validate", "kit grade")


def test_the_first_screen_needs_neither_account_nor_gpu() -> None:
    assert SHOWN[:2] == ["make dry-run", "make test"]


def test_the_makefile_has_what_the_readme_names() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.M))
    assert {line.split()[1] for line in SHOWN if line.startswith("make ")} <= targets


def test_every_command_is_in_the_readme() -> None:
    action = next(each for each in parser()._actions if hasattr(each, "choices") and isinstance(each.choices, dict))
    for name in action.choices:
        assert f"kit {name}" in README, name


def test_every_competition_is_in_the_table() -> None:
    for name in registry.names():
        assert re.search(rf"^\| `{name}` \|", README, flags=re.M), name


@pytest.mark.parametrize("line", [line for line in SHOWN if line.startswith("kit ")])
def test_every_command_shown_is_understood(line: str) -> None:
    parser().parse_args(shlex.split(line, comments=True)[1:])


@pytest.mark.parametrize("line", [line for line in SHOWN if line.startswith(WITHOUT_A_NETWORK)])
def test_commands_shown_run(
    line: str, capsys: pytest.CaptureFixture[str], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(home)
    if "data/sample" in line and not line.startswith("kit sample"):
        assert kit(capsys, "sample", "patent", "--out", "data/sample").code == 0
    if " submission.csv" in line:
        (home / "submission.csv").write_bytes((home / "data/sample/answers.csv").read_bytes())
    said = kit(capsys, *shlex.split(line)[1:])
    assert said.code == 0, said.err


def test_paths_in_the_layout_exist() -> None:
    block = re.search(r"## Layout.*?```\n(.*?)```", README, flags=re.S)
    assert block
    for line in block.group(1).splitlines():
        if line and not line.startswith(" "):
            assert (ROOT / line.split()[0]).exists(), line


def test_requirements_are_lower_bounds() -> None:
    for name in ("requirements.txt", "requirements-dev.txt"):
        for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
            wish = line.partition("#")[0].strip()
            if wish and not wish.startswith("-r"):
                assert ">=" in wish, line
                assert "<" not in wish.replace(">=", "") or "#" in line, f"an upper bound without a reason: {line}"
    assert (
        tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["scripts"]["kit"]
        == "common.cli:main"
    )
