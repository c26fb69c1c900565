"""Where a run is most wrong, and why, as far as its models can tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common import data
from common.competition import Competition
from common.environment import Environment
from common.errors import RunError
from common.pipeline import inference
from common.progress import Progress
from common.runs.evaluation import Predicted

if TYPE_CHECKING:
    from pandas import DataFrame, Series

Weighed = Sequence[tuple[str, float]]


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """A training row that its fold's model was wrong about.

    `wrong` is the distance of target and prediction, or of the target's probability and one; `inputs` is what the
    model saw, `reasons` what its prediction rests on.
    """

    id: str
    fold: int
    target: float | str
    prediction: float | str
    wrong: float
    inputs: dict[str, str]
    reasons: Weighed


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """The most wrong of the rows that were predicted, and what a fold's model rests on overall, by answer."""

    rows: int
    mistakes: list[Mistake]
    overall: dict[str, Weighed]


def explain(
    competition: Competition,
    folder: Path,
    data_folder: Path,
    environment: Environment,
    progress: Progress,
    *,
    count: int,
    top: int,
) -> Explanation:
    """Return a run's most wrong out-of-fold predictions, and the reasons where its models give any.

    Args:
        competition: whose run it is.
        folder: the run's folder.
        data_folder: the folder of the data that it was trained on.
        environment: the machine.
        progress: reports how far it is.
        count: mistakes to return, the worst first.
        top: reasons to return for each, and for each answer.

    Raises:
        RunError: if the folder holds no finished fold or no OOF, or the data lack rows of the run or have other targets.
    """
    if len(competition.targets) > 1 or competition.predicts in ("labels", "span", "masks"):
        raise RunError(f"kit explain knows targets of one number or class; {competition.name} has others")
    run, config, models, context = inference.load(competition, folder, environment, progress)
    predicted = Predicted.of(run, competition)
    worst = _worst(predicted, count)
    frames = models.enrich(data.read(competition, data_folder), config, context)
    ids = data.ids(frames.training, competition.files.train).to_numpy()
    if not set(worst["id"]) <= set(ids):
        raise RunError(f"{data_folder} lacks rows that {folder} was trained on; give --data the same data")

    def rows(table: DataFrame, some: Any) -> Any:
        return table.set_index(ids).loc[some]

    if not _same(worst["target"], rows(frames.training, worst["id"])[competition.targets[0]]):
        raise RunError(
            f"{data_folder} has other values of {competition.target!r} than {folder} was trained on; give --data the same data"
        )
    paths = [column.name for column in competition.files.train.columns if column.kind == "file"]
    overall: dict[str, Weighed] = {}
    reasons: dict[str, Weighed] = {}
    with inference.using(folder):
        prepared = models.prepare(frames, config, context).frames.training
        for fold in sorted(set(worst["fold"])):
            model = models.load(run.fold(fold) / "model", config, context)
            ids_of_fold = worst["id"][worst["fold"] == fold].tolist()
            if (explained := model.explain(rows(prepared, ids_of_fold), top)) is not None:
                overall = overall or dict(explained.overall)
                reasons |= zip(ids_of_fold, explained.rows, strict=True)
    inputs = (
        rows(frames.training, worst["id"])[list(dict.fromkeys([*competition.inputs, *paths]))]
        .astype(str)
        .to_dict("records")
    )
    worst_rows: Any = worst.to_dict("records")
    mistakes = [
        Mistake(**row, inputs=texts, reasons=reasons.get(row["id"], ()))
        for row, texts in zip(worst_rows, inputs, strict=True)
    ]
    return Explanation(rows=len(predicted.ids), mistakes=mistakes, overall=overall)


def _worst(predicted: Predicted, count: int) -> DataFrame:
    """Return id, fold, target, prediction and how wrong it is of the most wrong rows, the worst first."""
    import numpy as np
    import pandas as pd

    rows = np.argsort(-predicted.wrong, kind="stable")[:count]
    target = predicted.truth[predicted.competition.targets[0]].iloc[rows]
    return pd.DataFrame(
        {
            "id": predicted.ids[rows], "fold": predicted.folds[rows], "target": target.tolist(),
            "prediction": [predicted.likeliest(row) for row in rows], "wrong": predicted.wrong[rows],
        }
    )  # fmt: skip


def _same(saved: Series[Any], read: Series[Any]) -> bool:
    """Whether targets that went through a file equal those of the data; the last digit of a number may differ."""
    import numpy as np
    from pandas.api.types import is_numeric_dtype

    if is_numeric_dtype(saved) and is_numeric_dtype(read):
        return np.allclose(saved.to_numpy(float), read.to_numpy(float))
    return bool((saved.astype(str).to_numpy() == read.astype(str).to_numpy()).all())
