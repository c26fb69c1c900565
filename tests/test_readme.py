"""What the README and the other pages show is what happens."""

from __future__ import annotations

import ast
import importlib
import re
import shlex
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from pages import PAGES, ROOT, Reader, fenced, modules, play, shown, text_of
from stand_in_world import environment, kernel_folder

from common import __version__, registry
from common.cli import parser
from common.commands import train
from common.competition import Split
from common.kaggle import retry
from common.kaggle.official import connect
from common.model import Models
from common.rehearsal.stand_in.server import StandIn, kit_competitions
from common.settings import flat

README = "README.md"
HOW_TO = "docs/your-own-competition.md"
COMMANDS = [(page, command) for page in PAGES for command, _ in shown(page)]
HURRY = 1000.0  # how much faster than the wall's the clock goes by which Kaggle is asked again
FOLLOWED = sorted({page for page, _ in COMMANDS})


def test_the_first_screen_needs_neither_account_nor_gpu() -> None:
    assert [command for page, command in COMMANDS if page == README][:2] == ["make dry-run", "make test"]


def test_the_makefile_has_what_the_pages_name() -> None:
    targets = set(re.findall(r"^([a-z-]+):", text_of("Makefile"), flags=re.M))
    named = {
        name
        for page in PAGES
        for name in re.findall(r"\bmake ([a-z]+(?:-[a-z]+)*)\b(?=`| ·|$)", text_of(page), flags=re.M)
    }
    assert {"dry-run", "fast", "test", "check"} <= named <= targets


def test_every_command_is_in_its_group_of_the_readme() -> None:
    tables = re.findall(r"^\| (\w+) \| \|\n(.*?)\n\n", text_of(README), flags=re.M | re.S)
    in_readme = {title.lower(): set(re.findall(r"`kit ([a-z-]+)`", table)) for title, table in tables}
    assert in_readme == {group: set(commands) for group, commands in parser().groups.items()}


def test_every_competition_that_is_shipped_is_in_the_table() -> None:
    listed = subprocess.run(["git", "ls-files", "competitions"], cwd=ROOT, capture_output=True, text=True)
    shipped = re.findall(r"^competitions/(\w+)/competition\.py$", listed.stdout, flags=re.M)
    for name in shipped or registry.names():
        assert re.search(rf"^\| `{name}` \|", text_of(README), flags=re.M), name


@pytest.mark.parametrize(("page", "line"), [(page, line) for page, line in COMMANDS if line.startswith("kit ")])
def test_every_command_shown_is_understood(page: str, line: str) -> None:
    parser().parse_args(shlex.split(line)[1:])


@pytest.mark.parametrize("page", PAGES)
def test_commands_within_sentences_are_understood(page: str) -> None:
    inline = re.findall(r"`(kit [^`]+)`", text_of(page)) + re.findall(r"^    (kit .*)$", text_of(page), flags=re.M)
    for line in inline:
        if len(words := shlex.split(line)) > 2:
            parser().parse_args(words[1:])


@pytest.mark.parametrize("page", [page for page in PAGES if page != HOW_TO])
def test_settings_named_are_settings(page: str) -> None:
    names = [Path(page).parent.name] if page.startswith("competitions/") else registry.names()
    profiles = [config for name in names for config in registry.get(name).profiles.values()]
    known = {key for config in profiles for key in flat(replace(config, split=Split(kind="random")))} | {"split"}
    assert set(re.findall(r"--set (?!KEY)([\w.]+)=", text_of(page))) <= known


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", text_of(page)):
        if "://" not in link:
            path, _, anchor = link.partition("#")
            target = (ROOT / page).parent / path if path else ROOT / page
            assert target.exists(), link
            headings = re.findall(r"^#+ (.*)$", target.read_text(encoding="utf-8"), flags=re.M) if anchor else []
            assert not anchor or anchor in {re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in headings}


@pytest.mark.parametrize("page", [README, "common/README.md"])
def test_paths_in_the_layout_exist(page: str) -> None:
    (tree,) = fenced(page, "")
    for line in tree.splitlines():
        for name in re.split(r"\s{3,}", line)[0].split():
            folder = (ROOT / page).parent
            assert (folder / name).exists() or (folder / f"{name}.py").exists(), line


def test_the_map_is_the_order_of_imports() -> None:
    (tree,) = fenced("common/README.md", "")
    lines = [re.split(r"\s{3,}", line)[0].split() for line in tree.splitlines()]
    place = {name.rstrip("/"): number for number, names in enumerate(lines) for name in names}
    for path in sorted((ROOT / "common").glob("*/**/*.py")) + sorted((ROOT / "common").glob("[!_]*.py")):
        part = path.relative_to(ROOT / "common").parts[0].removesuffix(".py")
        for name in imported(path) - {"__version__"}:
            assert place[name] <= place[part], f"{path.relative_to(ROOT)} imports {name}, which stands below it"


def imported(path: Path) -> set[str]:
    """Return the wings and modules of the library that a module imports, but not those for its annotations only."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    blocks = [node for node in ast.walk(tree) if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    annotations = {id(node) for block in blocks for node in ast.walk(block)}
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and id(node) not in annotations:
            package, _, rest = node.module.partition(".")
            if package == "common":
                found |= {rest.partition(".")[0]} if rest else {alias.name for alias in node.names}
    return found


def test_every_pain_that_a_test_names_is_told() -> None:
    told = re.findall(r"^\| (P\d+) \|", text_of("tests/README.md"), flags=re.M)
    sources = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    named = {
        f"P{number}" for number in re.findall(r"\bP(\d+)\b|\bdef test_p(\d+)_", sources) for number in number if number
    }
    assert told == [f"P{number}" for number in range(1, 16)]
    assert named == set(told)


def requirements(name: str) -> dict[str, Requirement]:
    lines = [line.partition("#")[0].strip() for line in text_of(name).splitlines()]
    found = [Requirement(line) for line in lines if line and not line.startswith("-r")]
    return {each.name.lower(): each for each in found}


def test_requirements_are_lower_bounds() -> None:
    for name in ("requirements.txt", "requirements-dev.txt"):
        for line in text_of(name).splitlines():
            wanted = line.partition("#")[0].strip()
            if wanted and not wanted.startswith("-r"):
                assert ">=" in wanted, line
                assert "<" not in wanted.replace(">=", "") or "#" in line, f"an upper bound without a reason: {line}"


def test_exactly_one_version_of_each_requirement_was_tested_last() -> None:
    wanted = requirements("requirements.txt") | requirements("requirements-dev.txt")
    tested = requirements("requirements-tested.txt")
    assert list(tested) == sorted(wanted)
    for name, requirement in tested.items():
        (exact,) = requirement.specifier
        assert exact.operator == "==" and wanted[name].specifier.contains(exact.version), name


def test_the_version_is_told_in_the_changelog() -> None:
    project = tomllib.loads(text_of("pyproject.toml"))["project"]
    assert project["scripts"]["kit"] == "common.cli:main" and "version" in project["dynamic"]
    assert re.search(r"^## (\S+)", text_of("CHANGELOG.md"), flags=re.M)[1] == __version__  # type: ignore[index]


class Terminal:
    """Where a question is shown and answered with yes."""

    def isatty(self) -> bool:
        return True

    def answer(self, question: str) -> str:
        print(f"{question}y", file=sys.stderr)
        return "y"


@pytest.fixture
def reader(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Reader]:
    """A reader in an empty clone, beside a stand-in that has every competition, and a clock that makes waiting short."""
    (tmp_path / "user").mkdir()
    for name, value in environment(tmp_path / "user").items():  # no credential of this machine, no way to Kaggle
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("KAGGLE_API_ENVIRONMENT")
    monkeypatch.setenv("KAGGLE_USERNAME", "me")
    monkeypatch.setenv("COLUMNS", "150")
    monkeypatch.chdir(home)
    for path, code in modules(HOW_TO).items():
        (home / path).parent.mkdir(parents=True, exist_ok=True)
        (home / path).write_text(code, encoding="utf-8")
    competitions = importlib.import_module("competitions")
    monkeypatch.setattr(competitions, "__path__", [*competitions.__path__, str(home / "competitions")])
    monkeypatch.setattr(train, "SAMPLE_ROWS", 240)  # what is printed looks the same
    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr("builtins.input", Terminal().answer)
    hurried = retry.Clock(now=lambda: time.monotonic() * HURRY, sleep=lambda seconds: time.sleep(seconds / HURRY))
    monkeypatch.setattr(retry, "Clock", lambda: hurried)
    with StandIn(tmp_path / "state", kit_competitions({}, tmp_path / "samples"), runner=play) as server:
        monkeypatch.setenv("KIT_KAGGLE", server.url)
        _push_thrice(server.url, tmp_path)
        yield Reader(home, server, capsys, monkeypatch)
    for name in [name for name in sys.modules if name.startswith("competitions.spooky")]:
        del sys.modules[name]


def _push_thrice(url: str, folder: Path) -> None:
    """Have the kernel version that the README submits."""
    slug = registry.get("patent").slug
    client = connect(url, username="me", key="not-a-secret")
    for number in range(3):
        source = f"# version {number + 1}"
        built = kernel_folder(folder / "infer", source, "Patent phrases infer", owner="me", competition_sources=[slug])
        ref = client.kernels.push(built).ref
        while not client.kernels.status(ref).state.final:
            time.sleep(0.02)


def test_the_ready_models_of_the_how_to_are_models(reader: Reader) -> None:
    (code,) = (block for block in fenced(HOW_TO, "python") if "TextModels(" in block)
    page: dict[str, Any] = {}
    exec(code, page)  # noqa: S102  the page's own code
    assert isinstance(page["MODELS"], Models)
    assert {"sample", "baseline"} <= set(page["profiles"]("author"))


@pytest.mark.slow
@pytest.mark.timeout(900)  # a page trains several models
@pytest.mark.filterwarnings("ignore:.*L-BFGS-B:DeprecationWarning")  # scikit-learn 1.6 beside SciPy 1.16
@pytest.mark.parametrize("page", FOLLOWED)
def test_what_a_page_shows_is_what_happens(page: str, reader: Reader) -> None:
    reader.follow(page)
