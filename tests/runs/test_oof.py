"""OOF predictions come back as they were written, whatever the ids and however many columns."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from common.errors import RunError
from common.runs import oof
from common.runs.records import Code, RunRecord
from common.runs.run import Run

RECORD = RunRecord(
    competition="some", profile="best", metric="rmse", settings={}, data={}, code=Code(hash="", files={})
)


def test_classes_that_look_like_numbers_stay_text(tmp_path: Path) -> None:
    oof.write(tmp_path, ["a", "b"], [0, 1], pd.DataFrame({"y": ["007", "7"]}), np.ones((2, 1)))
    for classes, read in ((["007", "7"], ["007", "7"]), (["7", "8"], [7, 7])):
        record = RunRecord.from_json(RECORD.to_json() | {"classes": classes})
        assert oof.read(Run(tmp_path, record))[0]["target"].tolist() == read


@pytest.mark.parametrize("columns", [["prediction"], ["prediction_0", "prediction_1"]])
def test_what_was_written_is_read(columns: list[str], tmp_path: Path) -> None:
    predictions = np.array([[0.1, 0.9], [np.nan, np.nan], [1 / 3, 2 / 3]])[:, : len(columns)]
    ids, targets = ["NA", "007", "1_10"], ["cat", "nan", ""]
    oof.write(tmp_path, ids, np.array([0, 1, 0], np.int16), pd.DataFrame({"y": targets}), predictions)
    table, found = oof.read(Run(tmp_path, RECORD))
    assert found == columns and list(table) == ["id", "fold", "target", *columns]
    assert table["id"].tolist() == ids and table["target"].tolist() == targets and table["fold"].tolist() == [0, 1, 0]
    assert np.array_equal(table[columns].to_numpy(), predictions, equal_nan=True)


def test_a_run_without_predictions_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="has no out-of-fold predictions yet"):
        oof.read(Run(tmp_path, RECORD))
