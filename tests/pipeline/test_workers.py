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


@pytest.fixture
def request_of(tmp_path: Path) -> Request:
    """Two folds of film reviews, whose words are kept in a cache."""
    reviews = registry.get("imdb")
    registry.sample("imdb").make(tmp_path / "data", 90, 0)
    return Request(
        competition=reviews,
        profile="baseline",
        config=resolve(reviews, "baseline", ["split.n_splits=2", "ngrams.min_df=1"]),
        data=tmp_path / "data",
        environment=environment.detect({"KIT_ENVIRONMENT": f"place=local root={tmp_path} internet=off"}),
        progress=Progress(io.StringIO(), live=False),
        out=tmp_path / "run",
    )


@pytest.mark.slow
def test_folds_in_two_processes_make_the_run_that_one_makes(request_of: Request, tmp_path: Path) -> None:
    two = workers.run(request_of, [0, 1], workers=2)
    told = request_of.progress.stream.getvalue()  # type: ignore[attr-defined]
    entries = sorted(tmp_path.rglob("flat.npy"))
    assert {path.parents[1] for path in entries} == {request_of.environment.cache / "imdb"}
    assert len(re.findall("tokenise +100%", told)) == len(entries), "they share the cache, and make each entry once"

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
    assert all(told.count(f"fold {number}: roc_auc") == 2 for number in range(2))


@pytest.mark.slow
def test_a_workers_last_words_are_the_error(request_of: Request, capfd: pytest.CaptureFixture[str]) -> None:
    (request_of.data / "labeledTrainData.tsv").write_text("id\treview\n1\ta\n")
    with pytest.raises(RunError, match=r"folds \[0, 2\] on GPU 0 failed: .*no column 'sentiment'") as caught:
        workers.run(request_of, [0, 1, 2], workers=2)
    assert "\n" not in str(caught.value)
    assert "Traceback" not in capfd.readouterr().err
