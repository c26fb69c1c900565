"""The figures of a finished run, in its folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from common.data.frames import Frames
from common.model import Context
from common.runs import oof
from common.runs.run import Run
from common.vision import figures
from common.vision.rows import pixels
from common.vision.task import Task

if TYPE_CHECKING:
    from pandas import DataFrame

FOLDER = "figures"
_SHOWN = 24  # pictures in a labelled batch
_WORST = 18  # in the grid of top losses


def illustrate(task: Task, frames: Frames, run: Run, context: Context) -> None:
    """Draw a labelled batch, the learning curve, the confusion matrix, the top losses and the calibration."""
    import numpy as np

    folder = run.folder / FOLDER
    train, codes = frames.training, task.codes(frames.training)
    rows = np.random.default_rng(0).permutation(len(train))[:_SHOWN]
    names = [task.names[code] for code in codes[rows]]
    figures.save(figures.grid(pixels(train.iloc[rows]), names, "Training pictures"), folder / "batch.png")
    for name, key, x, by_rows in (
        ("learning_curve", "curve", "step", False),
        ("learning_curve_by_rows", "curve_by_rows", "training pictures", True),
    ):
        lines = {f"fold {number}": fold.notes[key] for number, fold in run.record.folds.items() if fold.notes.get(key)}
        if lines:
            title, y = (
                ("Learning curve", "training loss") if key == "curve" else ("What more pictures bring", "log loss")
            )
            figures.save(figures.curves(lines, title, x, y, by_rows=by_rows), folder / f"{name}.png")

    table, columns = oof.read(run)
    predictions = table[columns].to_numpy()
    known = np.flatnonzero(~np.isnan(predictions).any(axis=1))
    truth, chances = codes[known], task.chances(predictions[known])
    figures.save(figures.confusion(truth, _likeliest(chances), task.names), folder / "confusion.png")
    figures.save(figures.calibration(truth, chances, task.names), folder / "calibration.png")
    losses = figures.losses(truth, chances)
    worst = np.argsort(-losses, kind="stable")[:_WORST]
    captions = [f"{task.names[truth[row]]}: {chances[row, truth[row]]:.1%}\n{_id(train, known[row])}" for row in worst]
    title = "Top losses: the true class, and how likely it was found"
    figures.save(figures.grid(pixels(train.iloc[known[worst]]), captions, title, wrong=True), folder / "top_losses.png")
    context.progress.say(f"figures: {folder}")


def _id(train: DataFrame, row: int) -> str:
    return str(train["id"].iloc[row])


def _likeliest(chances: Any) -> Any:
    # Of two equally likely classes the second, as the metrics have it.
    return (chances[:, 1] >= 0.5).astype(int) if chances.shape[1] == 2 else chances.argmax(axis=1)
