"""Pages of runs: whole, escaped, small, and of whatever is left of a run."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from kit import kit
from run_folders import write_run

from common import data, registry
from common.analysis import resampling
from common.report import charts, class_charts
from common.report.errors import MOST_PICTURES, by_value
from common.runs import oof
from common.runs.evaluation import Predicted
from common.runs.ledger import Ledger
from common.runs.run import Run

EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>"


@pytest.fixture(autouse=True)
def quick(home: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Share the charts' library, which takes seconds to make; how exact an error bar is, is tested elsewhere."""
    monkeypatch.setenv("KIT_CACHE", str(tmp_path_factory.getbasetemp() / "charts"))  # instead of the one of `home`
    monkeypatch.setattr(resampling, "DRAWS", 20)


def page_of(capsys: pytest.CaptureFixture[str], folder: Path) -> str:
    said = kit(capsys, "report", folder)
    assert said.code == 0 and str(folder / "report.html") in said.out
    text = (folder / "report.html").read_text(encoding="utf-8")
    assert len(text.encode()) <= 2_000_000
    return text


def without_scripts(page: str) -> str:
    return re.sub(r"<(script|style)[^>]*>.*?</\1>", "", page, flags=re.S)


def specs_of(page: str) -> dict[str, object]:
    found = re.search(r'<script type="application/json" id="charts">(.*?)</script>', page, flags=re.S)
    assert found is not None
    return dict(json.loads(found[1]))


@pytest.mark.slow
def test_the_page_of_a_run(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    folder = write_run(home / "submissions" / "patent" / "run", noise=0.2, nothing={"pearson": 0.0})
    page = page_of(capsys, folder)
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', page)
    assert html.unescape(policy).startswith("default-src 'none'; script-src 'sha256-") and "unsafe" not in policy
    body = without_scripts(page)
    assert not re.search(r'(src|href)="(?!#|data:)', body) and " style=" not in body and " onclick" not in body
    assert {"folds", "targets_0", "residuals_0", "test", "seconds"} <= set(specs_of(page))
    assert (
        "10 checks, nothing found" in body
        and "kit train patent --profile best" in body
        and "better than nothing" in body
    )
    assert "Not shown: what the model saw" in body  # its data are nowhere


@pytest.mark.slow
def test_what_the_data_hold_is_never_markup(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    folder = write_run(
        home / "submissions" / "patent" / "run", noise=0.2, settings={EVIL: EVIL}, warnings=[EVIL, "\x1b[2J\u202e"],
        data_folder=EVIL,
    )  # fmt: skip
    table = pd.read_csv(folder / "oof.csv", dtype={"id": str})
    table.loc[:50, "id"] = [f"{EVIL}{row}" for row in range(51)]
    table.to_csv(folder / "oof.csv", index=False)
    Ledger(folder.parent / "ledger.csv").add("run", run=EVIL, profile=EVIL, settings=EVIL, metric="pearson", cv=0.5)
    page = page_of(capsys, folder)
    assert kit(capsys, "report", "--all").code == 0
    for text in (page, (home / "submissions" / "report.html").read_text(encoding="utf-8")):
        assert "<img src=x" not in text and "&lt;script&gt;alert(1)" in without_scripts(text)
        assert text.count("</script>") == text.count("<script")
        assert "\x1b" not in text and "\u202e" not in text


@pytest.mark.slow
def test_pictures_are_thumbnails_and_never_too_many(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    pets = registry.get("pets")
    registry.sample("pets").make(home / "data", 30, 0)
    frame = data.read(pets, home / "data").training
    folder = write_run(
        home / "submissions" / "pets" / "run", noise=0.2, competition="pets", metric="log_loss", rows_scored=len(frame),
        data_folder=str(home / "data"), scores={"log_loss": 0.5},
    )  # fmt: skip
    predicted = np.linspace(0.1, 0.9, len(frame))[:, None]
    oof.write(folder, data.ids(frame, pets.files.train), np.arange(len(frame)) % 2, frame[["label"]], predicted)
    body = without_scripts(page_of(capsys, folder))
    assert body.count('<img src="data:image/jpeg;base64,') == len(frame) <= MOST_PICTURES
    assert "calibration" in specs_of((folder / "report.html").read_text(encoding="utf-8"))


@pytest.mark.slow
@pytest.mark.parametrize("left", ["nothing", "oof", "folds", "a constant"])
def test_half_a_run_has_half_a_page(capsys: pytest.CaptureFixture[str], home: Path, left: str) -> None:
    folder = write_run(home / "submissions" / "patent" / "run", noise=0.2)
    if left == "a constant":
        table = pd.read_csv(folder / "oof.csv", dtype={"id": str})
        table.assign(prediction=0.5).to_csv(folder / "oof.csv", index=False)
    elif left == "folds":
        record = json.loads((folder / "run.json").read_text())
        (folder / "run.json").write_text(json.dumps(record | {"folds": {}, "scores": {}, "seconds": {}}))
    else:
        (folder / "oof.csv").unlink()
        if left == "nothing":
            (folder / "submission.csv").unlink()
    body = without_scripts(page_of(capsys, folder))
    assert "Scores" in body and ("out-of-fold predictions yet" in body) == (left in ("nothing", "oof"))
    (folder / "run.json").unlink()
    assert "no run in" in kit(capsys, "report", folder).complaint


@pytest.mark.slow
def test_the_page_of_all_runs(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    assert kit(capsys, "report", "--all").code == 0
    root = home / "submissions"
    assert "No run yet" in (root / "report.html").read_text(encoding="utf-8")
    page_of(capsys, write_run(root / "patent" / "a run with blanks", noise=0.2))
    ledger = Ledger(root / "patent" / "ledger.csv")
    for number in range(6):
        ledger.add("run", run=f"r{number}", profile="best", metric="pearson", cv=number / 10, fold_scores="0.1 0.2")
        ledger.add(
            "scored", run=f"r{number}", metric="pearson", ref=number, public=number / 9, rank=9 - number, teams=10
        )
    said = kit(capsys, "report", "--all", "--json").json
    page = Path(said["file"]).read_text(encoding="utf-8")
    assert 'href="patent/a%20run%20with%20blanks/report.html"' in page and "trust CV" in page
    assert set(specs_of(page)) == {"board_patent", "cv_patent"}


@pytest.mark.slow
def test_a_page_of_ten_thousand_runs_opens(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    from common.runs import ledger

    path = home / "submissions" / "patent" / "ledger.csv"
    Ledger(path).add("run", run="first", profile="best", metric="pearson", cv=0.1)
    head, line = path.read_text().splitlines()
    path.write_text("\n".join([head, *(line.replace("first", f"r{number}") for number in range(10_000))]) + "\n")
    assert len(ledger.Ledger(path).rows()) == 10_000
    said = kit(capsys, "report", "--all", "--json").json
    page = Path(said["file"]).read_text(encoding="utf-8")
    assert said["bytes"] <= 2_000_000 and "of 10,000 runs" in page


def test_no_chart_has_more_marks_than_a_page_should_draw() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 100_000))
    made = [
        charts.heat("a", "", "", x, y, "x", "y"),
        charts.bands("b", "", "", {"one": x, "other": y}, "x"),
        class_charts.confusion(rng.integers(0, 9, (300, 300)), [f"c{number}" for number in range(300)]),
        charts.curves("c", "", "", {"fold 0": enumerate(x), "fold 1": enumerate(y)}, "x", "y"),
        class_charts.calibration(rng.random(1000), rng.random(1000) > 0.5, "p"),
    ]
    for each in made:
        assert each is not None and 0 < len(each.spec["data"]["values"]) <= charts.MOST_MARKS
    with pytest.raises(ValueError, match="aggregate them first"):
        charts.chart("d", "", "", [{"x": 1}] * 2001)


def test_charts_of_nothing_are_none() -> None:
    empty = np.array([])
    assert charts.heat("a", "", "", empty, empty, "x", "y") is None
    assert charts.bands("b", "", "", {"x": np.array([np.nan])}, "x") is None
    assert charts.curves("c", "", "", {"x": [[1, float("nan")]]}, "x", "y") is None
    assert class_charts.calibration(empty, empty, "p") is None and charts.folds({0: None}, None, "rmse") is None
    one = charts.heat("a", "", "", np.ones(3), np.ones(3), "x", "y")
    assert one is not None and len(one.spec["data"]["values"]) == 1


def test_values_that_explain_the_error_are_found(home: Path) -> None:
    predicted = Predicted.of(Run.open(write_run(home / "run", noise=0.2)), registry.get("patent"))
    rng = np.random.default_rng(0)
    users = rng.integers(0, 12, len(predicted.ids))
    wrong = predicted.wrong + (users == 7)
    rows = pd.DataFrame({"user": users, "chance": rng.integers(0, 12, len(users)), "text": predicted.ids})
    (found,) = by_value(predicted, rows, wrong)
    assert found["column"] == "user" and found["rows"][0][0] == "7" and found["rows"][0][2] > 0.9
