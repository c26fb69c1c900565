"""The ledger and the board: every run in a line, whatever became of its folder and of the file."""

from __future__ import annotations

import csv
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from kit import kit
from run_folders import write_run

from common.analysis.board import board
from common.environment import PROJECT
from common.runs.ledger import Ledger

LINE = {"profile": "best", "data": "d", "metric": "pearson", "folds": "0 1"}


def ledger_of(home: Path) -> Ledger:
    ledger = Ledger(home / "submissions" / "patent" / "ledger.csv")
    ledger.add("run", run="base", **(LINE | {"profile": "baseline"}), cv=0.5, fold_scores="0.4 0.6", nothing=0.1)
    ledger.add("run", run="good", **LINE, settings="seed=1", cv=0.7, fold_scores="0.69 0.71", nothing=0.1)
    ledger.add("submitted", run="good", metric="pearson", ref=7, sha256="a", status="PENDING")
    ledger.add("scored", run="good", metric="pearson", ref=7, sha256="a", public="0.68", rank=11, teams=100)
    ledger.add("submitted", file="me/kernel@3", metric="pearson", ref=8, sha256="b", public="0.9")
    return ledger


def test_the_board_ranks_runs_and_says_what_they_are_better_than(home: Path) -> None:
    ledger_of(home)
    made = board("patent", "pearson", home / "submissions" / "patent")
    good, base, kernel = made.entries
    assert (good.run, base.run, kernel.run) == ("good", "base", "me/kernel@3")
    assert good.over_baseline == pytest.approx(0.2) and good.over_nothing == pytest.approx(0.6)
    assert good.spread == pytest.approx(0.01414, abs=1e-4) and good.beaten == pytest.approx(0.89)
    assert (good.public, good.submissions, kernel.public, base.over_baseline) == (0.68, 1, 0.9, None)
    assert not good.here and kernel.here


def test_of_a_lower_metric_the_lowest_is_best(home: Path) -> None:
    ledger = Ledger(home / "submissions" / "pets" / "ledger.csv")
    for run, profile, cv in (("a", "baseline", 0.5), ("b", "best", 0.1), ("c", "best", 0.3)):
        ledger.add("run", run=run, profile=profile, data="d", metric="log_loss", cv=cv)
    entries = board("pets", "log_loss", ledger.path.parent).entries
    assert [each.run for each in entries] == ["b", "c", "a"]
    assert [each.over_baseline for each in entries] == [pytest.approx(0.4), pytest.approx(0.2), None]


def test_a_damaged_line_is_kept_told_and_left_out(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    ledger = ledger_of(home)
    whole = ledger.path.read_bytes()
    ledger.path.write_bytes(whole + b"2026-11-22,run,ha\xc3lf\n" + ledger.path.read_bytes().split(b"\n")[0] + b"\n")
    said = kit(capsys, "board", "patent")
    assert said.code == 0 and "1 damaged line" in said.err and "good" in said.out and said.out.count("PROFILE") == 1
    ledger.add("run", run="later", **LINE)
    assert ledger.path.read_bytes().startswith(whole) and ledger.broken() == [7]
    ledger.path.write_bytes(ledger.path.read_bytes().replace(b",teams", b",crews", 1))
    ledger.add("run", run="last", **LINE)  # whoever writes the columns anew keeps the damaged line
    assert b"lf\n" in ledger.path.read_bytes() and b"crews" not in ledger.path.read_bytes()


@pytest.mark.parametrize("text", ['=HYPERLINK("http://x","y")', "+1+1", "@SUM(A1)", "-cmd|' /C calc'!A0"])
def test_a_spreadsheet_finds_no_formula(home: Path, text: str) -> None:
    ledger = Ledger(home / "ledger.csv")
    ledger.add("submitted", run=text, message=text, cv=-0.25)
    cells = list(csv.reader(ledger.path.read_text().splitlines()))[1]
    assert not any(cell.startswith(("=", "+", "@")) for cell in cells) and "-0.25" in cells
    assert not any(cell.startswith("-") and cell != "-0.25" for cell in cells)
    assert (ledger.rows()[0]["message"], ledger.rows()[0]["cv"]) == (text, "-0.25")


def test_two_headers_of_a_file_system_without_locks_are_one(home: Path) -> None:
    ledger = ledger_of(home)
    text = ledger.path.read_text()
    ledger.path.write_text(text.splitlines(keepends=True)[0] + text)
    assert len(ledger.rows()) == 5 and ledger.broken() == []


WRITER = """
import errno, fcntl, sys
from pathlib import Path
from common.runs.ledger import Ledger

def refused(*_):
    raise OSError(errno.ENOLCK, "no locks available")

path, name, locks = sys.argv[1:]
if locks == "no":
    fcntl.flock = refused
for number in range(15):
    Ledger(Path(path)).add("run", run=f"{name}{number}")
"""


@pytest.mark.slow
@pytest.mark.parametrize("locks", ["yes", "no"])
def test_processes_that_write_at_once_lose_no_line(home: Path, locks: str) -> None:
    """Neither where they lock each other out nor on a file system without locks."""
    ledger = Ledger(home / "ledger.csv")
    words = [(sys.executable, "-c", WRITER, str(ledger.path), name, locks) for name in "abc"]
    writers = [subprocess.Popen(each, cwd=PROJECT) for each in words]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    assert sorted(row["run"] for row in ledger.rows()) == sorted(f"{name}{n}" for name in "abc" for n in range(15))
    assert ledger.broken() == []


def test_git_shows_a_new_run_as_one_new_line(home: Path) -> None:
    """Nothing before it changes, whatever its message holds, and every line has an end."""
    ledger = ledger_of(home)
    before = ledger.path.read_bytes()
    ledger.add("run", run="new", **LINE, message='one\r\ntwo, "three"')
    added = ledger.path.read_bytes().removeprefix(before)
    assert len(added) < len(before) and added.endswith(b"\n") and added.count(b"\n") == 1 and b"\r" not in added


def test_runs_of_no_ledger_are_found_and_half_deleted_ones_do_no_harm(
    capsys: pytest.CaptureFixture[str], home: Path
) -> None:
    folder = home / "submissions" / "patent"
    write_run(folder / "kernel-run", noise=0.2)
    shutil.copytree(folder / "kernel-run", folder / "half")
    (folder / "half" / "run.json").write_text('{"competition": "pat')
    ledger_of(home)
    document = kit(capsys, "board", "patent", "--json").json
    assert {each["run"] for each in document["entries"]} == {"kernel-run", "base", "good", "me/kernel@3"}
    said = kit(capsys, "board")
    assert "kernel-run" in said.out and "2 folders moved or deleted: good, base" in said.out


def test_an_empty_board_and_a_name_that_is_a_path(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    assert "no run yet" in kit(capsys, "board", "patent").out
    assert "no run yet" in kit(capsys, "board").out
    said = kit(capsys, "board", "../patent")
    assert said.code == 1 and "unknown competition" in said.complaint
