"""The stand-in holds every competition of the kit: a law over the registry."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from stand_in_world import Post, read_csv, write_csv

from common import data, registry
from common.competition import Competition
from common.errors import DataError, UnknownName
from common.metrics.table import get
from common.rehearsal.stand_in.grading import grade
from common.rehearsal.stand_in.server import StandIn, kit_competitions, serve


@pytest.mark.slow
def test_samples_are_made_when_asked_for_and_kept(tmp_path: Path) -> None:
    state, samples = tmp_path / "state", tmp_path / "samples"
    slug = registry.get("patent").slug

    def listed() -> list[str]:
        with StandIn(state, kit_competitions({}, samples)) as server:
            answer = Post(server).ok("competitions/ListDataFiles", competitionName=slug)
        return [file["name"] for file in answer["files"]]

    with StandIn(state, kit_competitions({}, samples)) as server:
        assert sorted(server.world.hosted) == sorted(registry.get(name).slug for name in registry.names())
    assert not samples.exists()
    assert listed() == ["sample_submission.csv", "test.csv", "train.csv"]
    assert [path.name for path in samples.iterdir()] == ["patent"]
    kept = {path: path.stat().st_mtime_ns for path in samples.rglob("*")}
    listed()
    assert {path: path.stat().st_mtime_ns for path in samples.rglob("*")} == kept


def test_data_of_an_unknown_competition(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="unknown competition 'patents'"):
        serve(0, tmp_path, {"patents": tmp_path})


def best(competition: Competition, answers: Path, file: Path) -> Path:
    """Write the best submission that the format allows."""
    format = competition.submission

    def allowed(text: str) -> str | float:
        cell = format.cell
        return text if cell.kind != "number" else min(max(float(text), cell.low or 0), cell.high or float(text))

    rows = [[row[format.id], *(allowed(row[name]) for name in format.targets)] for row in read_csv(answers)]
    return write_csv(file, (format.id, *format.targets), rows)


@pytest.mark.slow
@pytest.mark.parametrize("with_answers", [True, False])
@pytest.mark.parametrize("name", [name for name in registry.names() if registry.get(name).predicts != "masks"])
def test_sample_can_be_served_and_graded(
    name: str, with_answers: bool, tmp_path: Path, samples: Callable[[str, int], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KIT_CACHE", str(tmp_path / "cache"))
    competition = registry.get(name)
    folder = Path(shutil.copytree(samples(name, 120), tmp_path / "data"))
    if not with_answers:
        (folder / "answers.csv").unlink()
    (hosted,) = (item for item in kit_competitions({name: folder}, tmp_path) if item.competition.name == name)
    with StandIn(tmp_path / "state", [hosted]) as server:
        made = server.world.competition_folder(competition.slug)
    assert (made / "rerun").exists() == (competition.submitted_as == "kernel")
    served = data.read(competition, made / "served")  # what is served is what the description says
    assert competition.target not in served.test.columns
    whole = data.read(competition, folder)
    if not with_answers:
        assert len(served.training) < len(whole.training)
    elif competition.submitted_as != "kernel":
        assert list(served.test.iloc[:, 0]) == list(whole.test.iloc[:, 0])
    right = grade(competition, made, best(competition, made / "answers.csv", tmp_path / "best.csv"))
    surest = competition.submission.cell.high if competition.metric == "log_loss" else None
    top = 1 if get(competition.metric).greater_is_better else -math.log(surest or 1)
    assert [right.public, right.private] == pytest.approx([top, top], abs=1e-4)


@pytest.mark.slow
def test_masks_are_served_with_their_answers_only(tmp_path: Path) -> None:
    registry.sample("nuclei").make(tmp_path, 20, 0)
    (hosted,) = (item for item in kit_competitions({"nuclei": tmp_path}, tmp_path) if item.competition.name == "nuclei")
    with StandIn(tmp_path / "state", [hosted]) as server:
        made = server.world.competition_folder(hosted.competition.slug)
    right = grade(hosted.competition, made, best(hosted.competition, made / "answers.csv", tmp_path / "best.csv"))
    assert [right.public, right.private] == [1, 1]
    (tmp_path / "answers.csv").unlink()
    with (
        pytest.raises(DataError, match="masks are not cut from the training set"),
        StandIn(tmp_path / "2", [hosted]) as server,
    ):
        server.world.competition_folder(hosted.competition.slug)
