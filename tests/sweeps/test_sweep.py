"""Sweeps: what is drawn, what a kill leaves, what is given up, and what choosing is worth."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from kit import kit

from common import environment, registry
from common.config import resolve
from common.deadline import Deadline
from common.errors import SettingError, UnknownName
from common.pipeline import Request
from common.progress import Progress
from common.runs.ledger import Ledger
from common.sweeps.parameters import Parameter, parse
from common.sweeps.sweep import Swept, command_of, sweep, worth
from competitions.patent import sample

COMPETITION = registry.get("patent")
SETS = ["trees.max_iter=3", "trees.components=4", "split.n_splits=2"]
VARIED = [
    Parameter("trees.learning_rate", 0.001, 0.5, log=True),
    Parameter("trees.max_iter", choices=("1", "3", "6")),
]


def request_in(folder: Path) -> Request:
    sample.make(folder / "data", 96, 0)
    return Request(
        competition=COMPETITION,
        profile="baseline",
        config=resolve(COMPETITION, "baseline", SETS),
        data=folder / "data",
        environment=environment.detect({"KIT_ENVIRONMENT": f"place=local root={folder / 'home'} internet=off"}),
        progress=Progress(io.StringIO(), live=False),
    )


def swept_by(request: Request, trials: int) -> Swept:
    return sweep(request, SETS, VARIED, trials, None)


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> tuple[Request, Swept]:
    """A sweep of three trials, and the request that it was made by."""
    request = request_in(tmp_path_factory.mktemp("three"))
    return request, swept_by(request, 3)


class Killed(Exception):
    """What ends a sweep in the middle, as a kill does: at a line that it prints."""


class Fatal(io.StringIO):
    def __init__(self, at: int) -> None:
        super().__init__()
        self.left = at

    def write(self, text: str) -> int:
        self.left -= "fold 1:" in text
        if self.left < 0:
            raise Killed
        return super().write(text)


def told(request: Request) -> list[str]:
    lines = request.progress.stream.getvalue().splitlines()  # type: ignore[attr-defined]
    return [line for line in lines if line.startswith("trial ")]


@pytest.mark.slow
def test_a_sweep_that_is_killed_twice_tries_what_it_would_have_tried(tmp_path: Path) -> None:
    request = request_in(tmp_path)
    whole = swept_by(request, 7)
    home = replace(request.environment, working=tmp_path / "other")
    again = replace(request, environment=home)
    said = []
    for at in (2, 1):
        killed = replace(again, progress=Progress(Fatal(at), live=False))
        with pytest.raises(Killed):
            swept_by(killed, 7)
        said += told(killed)
    last = replace(again, progress=Progress(io.StringIO(), live=False))
    after = swept_by(last, 7)
    assert said + told(last) == told(request)
    assert replace(after, folder="", run="") == replace(whole, folder="", run="")
    assert sum(whole.trials.values()) == 7
    assert Path(after.run).name == Path(whole.run).name
    assert swept_by(last, 7) == after  # nothing is left to do


@pytest.mark.slow
def test_trials_are_runs_in_the_ledger_and_the_profile_is_one_of_them(three: tuple[Request, Swept]) -> None:
    request, swept = three
    runs = {row["run"] for row in Ledger(request.submissions / "ledger.csv").rows()}
    assert Path(swept.run).name in runs
    assert len(runs) == 4  # one of them the profile's own
    assert swept.score >= swept.profile
    command = command_of(request, SETS, swept)
    assert command.startswith(f"kit train patent --data {request.data} --profile baseline --set trees.max_iter=3")
    assert all(f"--set {each}" in command for each in swept.best)
    assert f"{swept.score:.12f}" == f"{_score(swept.run):.12f}"


def _score(folder: str) -> float:
    from common.runs.run import Run

    record = Run.open(Path(folder)).record
    return float(record.scores[record.metric] or 0)


@pytest.mark.slow
def test_a_passed_deadline_ends_between_batches(three: tuple[Request, Swept]) -> None:
    request, swept = three
    late = swept_by(replace(request, deadline=Deadline.after(0)), 5)
    assert not late.finished
    assert late.trials == swept.trials and sum(late.trials.values()) == 3


def test_choosing_is_judged_on_the_fold_that_did_not_choose() -> None:
    profile = {0: 0.5, 1: 0.5, 2: 0.5}
    lucky = {0: 0.9, 1: 0.2, 2: 0.4}  # best on fold 0 only
    found = worth([lucky], profile, 1)
    assert found is not None
    assert found.chosen == pytest.approx((0.5 + 0.2 + 0.4) / 3)
    assert not found.better
    good = worth([{0: 0.6, 1: 0.7, 2: 0.8}], profile, 1)
    assert good is not None and good.better
    assert good.chosen == pytest.approx(0.7)
    assert worth([{0: 0.6, 1: 0.7, 2: 0.8}], profile, -1).better is False  # type: ignore[union-attr]
    assert worth([], {0: 0.5}, 1) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("trees.learning_rate=1e-3..0.5:log", Parameter("trees.learning_rate", 0.001, 0.5, log=True)),
        ("trees.max_iter=100..400", Parameter("trees.max_iter", 100, 400)),
        ("trees.max_iter=200,400", Parameter("trees.max_iter", choices=("200", "400"))),
    ],
)
def test_a_parameter_is_a_range_or_choices(text: str, expected: Parameter) -> None:
    assert parse(text, COMPETITION, "baseline") == expected
    assert expected.distribution is not None


@pytest.mark.parametrize(
    "text",
    ["trees.max_iter", "trees.max_iter=200", "trees.max_iter=4..2", "trees.max_iter=2..4:lin", "trees.max_iter=a..b"],
)
def test_a_parameter_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(SettingError):
        parse(text, COMPETITION, "baseline")
    with pytest.raises(UnknownName):
        parse("nothing=1..2", COMPETITION, "baseline")


@pytest.mark.slow
def test_the_command_says_what_came_of_it(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sample.make(tmp_path / "data", 96, 0)
    sets = [word for each in SETS for word in ("--set", each)]
    words = ["sweep", "patent", "--data", tmp_path / "data", "--profile", "baseline", *sets, "--trials", 2]
    said = kit(capsys, *words, "--param", "trees.max_iter=1,6")
    assert said.code == 0, said.err
    assert "to train them: kit train patent" in said.out
    assert "nested" in said.out
    document = kit(capsys, *words, "--param", "trees.max_iter=1,6", "--json").json
    assert sum(document["trials"].values()) == 2
    assert document["command"] in said.out
