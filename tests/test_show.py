"""Tables and figures in a notebook and outside."""

from __future__ import annotations

from pathlib import Path

import pytest

from common import show, wording
from common.runs.records import Code, Fold, RunRecord, Status


@pytest.mark.filterwarnings("ignore:.* deprecated - use:DeprecationWarning")  # Matplotlib 3.10 beside a newer pyparsing
def test_tables_and_figures_outside_a_notebook(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import pandas as pd

    show.table(pd.DataFrame({"name": ["a" * 60], "score": [0.123456], "half": [0.5]}), "A title")
    axes = show.axes("Loss", "step", "loss")
    axes.plot([0, 1], [1.0, 0.5])
    show.figure(axes, tmp_path / "figures" / "loss.png")
    said = capsys.readouterr().out
    assert "A title" in said
    assert ["a" * 47 + "…", "0.1235", "0.5"] in [line.split() for line in said.splitlines()]
    assert (tmp_path / "figures" / "loss.png").read_bytes().startswith(b"\x89PNG")


def test_a_table_in_a_notebook_is_what_the_cells_hold(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Reviews hold HTML, which must neither be obeyed nor break the page."""
    import IPython.display
    import pandas as pd

    monkeypatch.setattr(show, "in_notebook", lambda: True)
    monkeypatch.setattr(IPython.display, "display", lambda html: print(html.data))
    texts = ["so<br />\n<script>", "x" * 500]
    show.table(
        pd.DataFrame({"review": texts, "rows": [7, 1234], "score<b>": [0.25, float("nan")]}), "The <i>surest</i>"
    )
    page = capsys.readouterr().out
    assert "so&lt;br /&gt; &lt;script&gt;" in page and "<script>" not in page
    assert "x" * 159 + "…" in page and "x" * 160 not in page
    assert "score&lt;b&gt;" in page and "The &lt;i&gt;surest&lt;/i&gt;" in page  # D20
    assert ">0.25<" in page and ">1234<" in page
    assert page.count("text-align: left") == 2  # the title, and the words


def test_d20_a_terminal_shows_control_characters_instead_of_obeying_them(capsys: pytest.CaptureFixture[str]) -> None:
    import pandas as pd

    show.table(pd.DataFrame({"review\x1b[2J": ["good\x1b]0;title\x07 \u202efilm"]}))
    assert "\x1b" not in (said := capsys.readouterr().out) and "\u202e" not in said
    assert r"good\x1b]0;title\x07 \u202efilm" in said
    assert wording.table([["TEAM", "SCORE"], ["a\x1b[31m\nb", 1]]).splitlines()[1] == r"a\x1b[31m\nb  1"


def test_scores_are_shown_by_fold_and_over_all(capsys: pytest.CaptureFixture[str]) -> None:
    folds = {0: Fold(rows=3, scores={"rmse": 0.25}), 1: Fold(rows=2, scores={"rmse": 0.5})}
    code = Code(hash="", files={})
    record = RunRecord(
        competition="x", profile="best", metric="rmse", settings={}, data={}, code=code, folds=folds,
        scores={"rmse": 0.375}, rows_scored=5, status=Status.FINISHED,
    )  # fmt: skip
    show.scores(record)
    lines = capsys.readouterr().out.splitlines()
    assert "CV (5 rows scored, finished)" in lines
    assert [line.split() for line in lines[-3:]] == [["0", "0.250"], ["1", "0.500"], ["all", "0.375"]]


def test_only_figures_that_were_drawn_are_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "confusion.png").touch()
    show.pictures(tmp_path, "batch", "confusion")
    assert capsys.readouterr().out.split() == ["figure:", str(tmp_path / "figures" / "confusion.png")]
