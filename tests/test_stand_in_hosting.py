"""The stand-in holds every competition of the kit: a law over the registry."""

from __future__ import annotations

from pathlib import Path

import pytest
from stand_in_world import read_csv

from common import registry
from common.errors import UnknownName
from common.kaggle.stand_in.grading import grade
from common.kaggle.stand_in.hidden import prepare
from common.kaggle.stand_in.hosting import kit_competitions
from common.kaggle.stand_in.server import serve


def test_samples_are_made_once(tmp_path: Path) -> None:
    first = kit_competitions({}, tmp_path)
    assert [hosted.competition.name for hosted in first] == registry.names()
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    kit_competitions({}, tmp_path)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == kept


def test_data_of_an_unknown_competition(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="unknown competition 'patents'"):
        serve(0, tmp_path, {"patents": tmp_path})


@pytest.mark.parametrize("name", registry.names())
def test_sample_can_be_served_and_graded(name: str, tmp_path: Path) -> None:
    hosted = next(item for item in kit_competitions({}, tmp_path / "samples") if item.competition.name == name)
    competition, made = hosted.competition, tmp_path / "made"
    prepare(competition, hosted.data, made)
    form = competition.submission
    assert competition.target not in read_csv(made / "served" / competition.files.test.file)[0]
    assert (made / "rerun").exists() == (competition.submitted_as == "kernel")
    if set(form.targets) <= set(read_csv(made / "answers.csv")[0]):
        from common.metrics import get

        right = grade(competition, made, made / "answers.csv")
        best = 1 if get(competition.metric).greater_is_better else 0
        assert right.public == pytest.approx(best)
        assert right.private == pytest.approx(best)
