"""Run folders as a training leaves them, made of noise around the truth."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from common import metrics
from common.runs.records import Code, Fold, RunRecord, Submission

FOLDS = 4


def write_run(
    folder: Path,
    *,
    noise: float,
    seed: int = 1,
    rows: int = 400,
    shift: int = 0,
    competition: str = "patent",
    **more: Any,
) -> Path:
    """Write a finished run of patent; `shift` deals the rows to other folds, `more` are fields of the record."""
    truth = np.random.default_rng(0).integers(0, 5, rows) / 4
    rng = np.random.default_rng(seed)
    fold = (np.arange(rows) + shift) % FOLDS
    predicted = np.clip(truth + noise * rng.normal(size=rows), 0, 1)
    oof = pd.DataFrame(
        {"id": [f"0{row}" for row in range(rows)], "fold": fold, "target": truth, "prediction": predicted}
    )
    folder.mkdir(parents=True)
    oof.to_csv(folder / "oof.csv", index=False)
    sent = pd.DataFrame({"id": [f"1{row}" for row in range(40)], "score": np.clip(rng.normal(0.4, 0.2, 40), 0, 1)})
    sent.to_csv(folder / "submission.csv", index=False)

    def score(some: Any) -> dict[str, float | None]:
        return {"pearson": metrics.score("pearson", truth[some], predicted[some])}

    record = RunRecord(
        **{
            "competition": competition, "profile": "best", "metric": "pearson", "settings": {"seed": seed},
            "data": {"train.csv": "abc"}, "code": Code(hash="", files={}), "status": "finished",
            "folds": {k: Fold(rows=int((fold == k).sum()), seconds={"fit": 1.0}, scores=score(fold == k)) for k in range(FOLDS)},
            "scores": score(slice(None)), "optimistic": score(slice(None)), "rows_scored": rows,
            "seconds": {"read": 0.5, "fit": 4.0}, "submission": Submission(file="submission.csv", sha256="", rows=40),
        } | more
    )  # fmt: skip
    (folder / "run.json").write_text(json.dumps(record.to_json()))
    return folder
