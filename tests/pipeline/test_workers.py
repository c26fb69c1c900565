from __future__ import annotations

import io
import re
from dataclasses import replace
from pathlib import Path

import pytest

from common import environment, registry
from common.config import resolve
from common.errors import RunError
from common.pipeline import workers
from common.pipeline.request import Request
from common.progress import Progress
from common.runs.ledger import Ledger
from competitions.patent import sample

COMPETITION = registry.get("patent")


@pytest.fixture
def request_of(tmp_path: Path) -> Request:
    sample.make(tmp_path / "data", 96, 0)
    return Request(
        competition=COMPETITION,
        profile="baseline",
        config=resolve(COMPETITION, "baseline", ["trees.max_iter=4", "trees.components=4", "split.n_splits=2"]),
        data=tmp_path / "data",
        environment=environment.detect({"KIT_ENVIRONMENT": f"place=local root={tmp_path} internet=off"}),
        progress=Progress(io.StringIO(), live=False),
        out=tmp_path / "run",
    )


@pytest.mark.slow
def test_folds_in_two_processes_make_the_run_that_one_makes(request_of: Request, tmp_path: Path) -> None:
    two = workers.run(request_of, [0, 1], workers=2)
    one = workers.run(replace(request_of, out=tmp_path / "other"), [0, 1], workers=1)
    assert two.folder == tmp_path / "run"
    assert two.finished() == one.finished() == [0, 1]
    for name in ("oof.csv", "submission.csv", "folds.csv"):
        assert (two.folder / name).read_bytes() == (one.folder / name).read_bytes()
    assert two.record.scores == one.record.scores
    assert two.record.status == "finished"
    assert sorted(path.name for path in tmp_path.glob("run*")) == ["run"]
    assert sorted(path.name for path in two.folder.iterdir()) == sorted(path.name for path in one.folder.iterdir())
    (entry,) = [row for row in Ledger(request_of.submissions / "ledger.csv").rows() if row["run"] == "run"]
    assert entry["folds"] == "0 1"
    told = request_of.progress.stream.getvalue()  # type: ignore[attr-defined]
    assert all(told.count(f"fold {number}: pearson") == 2 for number in range(2))


@pytest.mark.slow
def test_a_workers_last_words_are_the_error(request_of: Request, capfd: pytest.CaptureFixture[str]) -> None:
    (request_of.data / "train.csv").write_text("id,anchor\n1,a\n")
    with pytest.raises(RunError, match=r"folds \[0, 2\] on GPU 0 failed: .*no column 'target'") as caught:
        workers.run(request_of, [0, 1, 2], workers=2)
    assert "\n" not in str(caught.value)
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.slow
def test_workers_share_the_cache_and_make_each_entry_once(request_of: Request, tmp_path: Path) -> None:
    reviews = registry.get("imdb")
    registry.sample("imdb").make(tmp_path / "reviews", 90, 0)
    settings = resolve(reviews, "baseline", ["split.n_splits=2", "ngrams.min_df=1"])
    request = replace(request_of, competition=reviews, config=settings, data=tmp_path / "reviews")
    workers.run(request, [0, 1], workers=2)
    entries = sorted(tmp_path.rglob("flat.npy"))
    assert {path.parents[1] for path in entries} == {request.environment.cache / "imdb"}
    told = request.progress.stream.getvalue()  # type: ignore[attr-defined]
    assert len(re.findall("tokenise +100%", told)) == len(entries)
