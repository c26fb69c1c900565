"""The figures of a finished run, in its folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.data.frames import Frames
from common.model import Context
from common.runs import oof
from common.runs.run import Run
from common.vision import figures
from common.vision.rows import pixels
from common.vision.task import Task
from common.wording import listed

if TYPE_CHECKING:
    from pandas import DataFrame

FOLDER = "figures"
_SHOWN = 24  # pictures in a labelled batch
_NAMED = 2  # labels or numbers in a caption
_WORST = 18  # in the grid of top losses


def illustrate(task: Task, frames: Frames, run: Run, context: Context) -> None:
    """Draw a labelled batch and the learning curve; of classes the confusion matrix, the top losses and the calibration."""
    import numpy as np

    folder, train = run.folder / FOLDER, frames.training
    rows = np.random.default_rng(0).permutation(len(train))[:_SHOWN]
    names = _captions(task, train.iloc[rows])
    figures.save(figures.grid(pixels(train.iloc[rows]), names, "Training pictures"), folder / "batch.png")
    for key, *texts in (
        ("curve", "Learning curve", "step", "training loss"),
        ("curve_by_rows", "What more pictures bring", "training pictures", "log loss"),
    ):
        lines = {f"fold {number}": fold.notes[key] for number, fold in run.record.folds.items() if fold.notes.get(key)}
        if lines:
            figure = figures.curves(lines, *texts, by_rows=key == "curve_by_rows")
            figures.save(figure, folder / f"learning_{key}.png")
    if task.exclusive:
        _of_classes(task, train, run, folder)
    context.progress.say(f"figures: {folder}")


def _of_classes(task: Task, train: DataFrame, run: Run, folder: Path) -> None:
    """Draw what the out-of-fold probabilities of classes look like."""
    import numpy as np

    codes = task.codes(train)
    table, columns = oof.read(run)
    predictions = table[columns].to_numpy()
    known = np.flatnonzero(~np.isnan(predictions).any(axis=1))
    labels, probabilities = codes[known], task.probabilities(predictions[known])
    figures.save(figures.confusion(labels, _likeliest(probabilities), task.names), folder / "confusion.png")
    figures.save(figures.calibration(labels, probabilities, task.names), folder / "calibration.png")
    losses = figures.losses(labels, probabilities)
    worst = np.argsort(-losses, kind="stable")[:_WORST]
    ids = table["id"].iloc[known].astype(str).tolist()
    captions = [f"{task.names[labels[row]]}: {probabilities[row, labels[row]]:.1%}\n{ids[row]}" for row in worst]
    title = "Top losses: the true class and its predicted probability"
    figures.save(figures.grid(pixels(train.iloc[known[worst]]), captions, title, wrong=True), folder / "top_losses.png")


def _captions(task: Task, rows: DataFrame) -> list[str]:
    """Return the class, the labels or the numbers of each row in a few words."""
    if task.exclusive:
        return [task.names[code] for code in task.codes(rows)]
    if task.predicts == "labels":
        return [listed([task.names[place] for place in marks.nonzero()[0]], _NAMED) for marks in task.matrix(rows)]
    return [listed([f"{number:.4g}" for number in numbers], _NAMED) for numbers in task.matrix(rows)]


def _likeliest(probabilities: Any) -> Any:
    # Of two equally likely classes the second, as the metrics have it.
    return (probabilities[:, 1] >= 0.5).astype(int) if probabilities.shape[1] == 2 else probabilities.argmax(axis=1)
