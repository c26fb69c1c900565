"""Figures of a run: training pictures, learning curves, confusion matrix, calibration, learning-rate finder."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.files import atomic_write

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from common.runs.run import Run

    Array = NDArray[Any]

BLUE, ORANGE, GREY = "#3b6ea8", "#d9822b", "#8a8f98"
_BINS = 10  # of the calibration plot: each as wide as the others
_SMALL = 1e-15
_CAPTION = 0.24  # of the longest side of a picture, for its caption
_KEY = 6  # names of a key beside one another


def grid(
    pictures: Sequence[Array] | Array,
    captions: Sequence[str],
    title: str,
    *,
    columns: int = 6,
    wrong: bool = False,
    key: Mapping[str, str] | None = None,
) -> Figure:
    """Return pictures (rows, columns, 3), each in its own proportions, with a caption above.

    `wrong` makes the captions orange; `key` says what colours in the pictures mean, one for each name.
    """
    columns = min(columns, len(pictures))
    rows = -(-len(pictures) // columns)
    sizes = [(high / max(high, wide), wide / max(high, wide)) for high, wide in (each.shape[:2] for each in pictures)]
    row = max(high for high, _ in sizes) + _CAPTION
    figure = _figure((1.75 * columns, 1.65 * row * rows + (0.85 if key else 0.45)), title)
    axes = figure.add_subplot()  # one for all: axes of their own take 20 times as long to draw
    axes.set_axis_off()
    for number, (picture, (high, wide), caption) in enumerate(zip(pictures, sizes, captions, strict=True)):
        middle, top = number % columns * 1.06 + 0.5, number // columns * row
        axes.imshow(picture, extent=(middle - wide / 2, middle + wide / 2, top + high, top))
        colour = ORANGE if wrong else "black"
        axes.text(middle, top - 0.02, caption, ha="center", va="bottom", fontsize=8.5, color=colour)
    axes.set(xlim=(0, 1.06 * columns - 0.06), ylim=(row * rows - _CAPTION, -_CAPTION))
    if key:
        from matplotlib.patches import Patch

        patches = [Patch(color=colour, label=name) for name, colour in key.items()]
        figure.legend(handles=patches, loc="outside lower center", ncols=_KEY, frameon=False, fontsize=8.5)
    return figure


def curves(
    lines: Mapping[str, Sequence[Sequence[float]]], title: str, x: str, y: str, *, by_rows: bool = False
) -> Figure:
    """Return lines of [x, y] points by name; `by_rows` marks each point, of which there are few."""
    figure = _figure((7.5, 3.8), title)
    axes = _plain(figure.add_subplot(), x, y)
    for number, (name, points) in enumerate(lines.items()):
        along, up = zip(*points, strict=True)
        axes.plot(
            along, up, marker="o" if by_rows else None, markersize=4, linewidth=1.6, color=f"C{number}", label=name
        )
    if by_rows:
        axes.set_xticks(sorted({point[0] for points in lines.values() for point in points}))
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False, fontsize=9)
    return figure


def accuracies(runs: Iterable[tuple[str, Run]]) -> Figure:
    """Return the accuracy on the first fold after each epoch, of those runs by name that have measured it."""
    lines = {}
    for name, run in runs:
        epochs = run.record.folds[min(run.record.folds)].notes.get("epochs", [])
        known = enumerate((epoch.get("batch_accuracy") for epoch in epochs), 1)
        if points := [[number, accuracy] for number, accuracy in known if accuracy is not None]:
            lines[name] = points
    figure = curves(lines, "Learning, side by side", "epoch", "accuracy")
    low, high = (edge(value for points in lines.values() for _, value in points[1:] or points) for edge in (min, max))
    figure.axes[0].set_ylim(low - 0.05 * (high - low + 0.01), high + 0.05 * (high - low + 0.01))
    return figure


def confusion(labels: Array, predicted: Array, names: Sequence[str]) -> Figure:
    """Return a confusion matrix: true classes down, predicted classes across."""
    import numpy as np
    from sklearn.metrics import confusion_matrix

    n = len(names)
    counts = confusion_matrix(labels, predicted, labels=range(n))
    side = max(4.0, 0.30 * n + 2.2)
    figure = _figure(
        (side + 0.8, side), f"Confusion matrix: {(labels == predicted).mean():.2%} of {len(labels):,} rows right"
    )
    axes = figure.add_subplot()
    fraction = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(fraction, cmap="Blues", vmin=0, vmax=1)
    size = 12 if n <= 4 else 7
    for row, column in zip(*np.nonzero(counts), strict=True):
        colour = "white" if fraction[row, column] > 0.5 else "black"
        axes.text(column, row, f"{counts[row, column]:,}", ha="center", va="center", fontsize=size, color=colour)
    axes.set_xticks(range(n), names, rotation=90 if n > 4 and max(map(len, names)) > 2 else 0, fontsize=size)
    axes.set_yticks(range(n), names, fontsize=size)
    axes.set(xlabel="predicted", ylabel="true")
    axes.spines[:].set_visible(False)
    return figure


def calibration(labels: Array, probabilities: Array, names: Sequence[str]) -> Figure:
    """Return a reliability diagram: the fraction of rows that are positive against the predicted probability.

    With two classes the second is positive; with more, a row is positive whose likeliest class is the true one.
    """
    import numpy as np

    if len(names) == 2:
        predicted, positive, what = probabilities[:, 1], labels == 1, f"probability of {names[1]}"
    else:
        predicted, positive = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
        what = "probability of the likeliest class"
    bins = np.minimum((predicted * _BINS).astype(int), _BINS - 1)
    parts = [part for part in (np.flatnonzero(bins == number) for number in range(_BINS)) if len(part)]
    across, up = ([float(values[part].mean()) for part in parts] for values in (predicted, positive))
    # One standard error, of half a row at the least.
    spread = [float(np.sqrt(max(p * (1 - p), 0.25 / len(part)) / len(part))) for p, part in zip(up, parts, strict=True)]
    figure = _figure((7.5, 4.2), "Calibration: do the probabilities mean what they say?")
    axes = _plain(figure.add_subplot(1, 2, 1), f"predicted {what}", "fraction that came true")
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle="--")
    axes.errorbar(across, up, yerr=spread, fmt="o", markersize=5, color=BLUE, elinewidth=1)
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    axes = _plain(figure.add_subplot(1, 2, 2), f"predicted {what}", "rows")
    edges = np.linspace(0, 1, 21)
    for values, colour, label in (
        (predicted[positive], BLUE, "came true"),
        (predicted[~positive], ORANGE, "came false"),
    ):
        axes.hist(values, bins=edges, color=colour, alpha=0.75, label=label)
    axes.set_yscale("log")
    axes.set(xlim=(-0.02, 1.02), ylim=(0.7, 4 * len(predicted)))
    axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.yaxis.set_minor_formatter("")
    axes.legend(frameon=False, fontsize=9, loc="upper center", ncols=2)
    return figure


def rates(search: Any) -> Figure:
    """Return losses by learning rate, of a `common.fastai.learner.RateSearch`."""
    figure = _figure((7.5, 3.8), "Learning-rate finder")
    axes = _plain(figure.add_subplot(), "learning rate", "smoothed loss")
    axes.plot(search.rates, search.losses, color=BLUE, linewidth=1.6)
    for number, (name, rate) in enumerate(search.suggestions.items()):
        nearest = min(range(len(search.rates)), key=lambda place: abs(search.rates[place] - rate))
        axes.plot(
            search.rates[nearest], search.losses[nearest], "o", color=f"C{number + 1}", label=f"{name} {rate:.1e}"
        )
    axes.set_xscale("log")
    # At the end the loss diverges: the scale is that of what comes before.
    before = search.losses[: max(2, len(search.losses) * 3 // 4)]
    low, span = min(before), max(max(before) - min(before), 1e-6)
    axes.set_ylim(low - 0.1 * span, low + 1.6 * span)
    axes.legend(frameon=False, fontsize=9)
    return figure


def losses(labels: Array, probabilities: Array) -> Array:
    """Return the log loss of each row (n,), from the index of its class and the probabilities (n, classes)."""
    import numpy as np

    losses: Array = -np.log(np.clip(probabilities[np.arange(len(labels)), labels], _SMALL, 1))
    return losses


def save(figure: Figure, path: Path) -> None:
    """Write a figure as PNG, whole or not at all."""
    with atomic_write(path) as handle, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # as in `_figure`
        figure.savefig(handle, format="png", dpi=110)


def _figure(size: tuple[float, float], title: str) -> Figure:
    with warnings.catch_warnings():
        # Older releases of matplotlib use old names of newer ones of pyparsing.
        warnings.simplefilter("ignore", DeprecationWarning)
        from matplotlib.figure import Figure

        figure = Figure(figsize=size, layout="constrained")
    figure.suptitle(title, fontsize=12, x=0.01, ha="left")
    return figure


def _plain(axes: Any, x: str, y: str) -> Any:
    axes.set(xlabel=x, ylabel=y)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#e6e8eb", linewidth=0.8)
    axes.set_axisbelow(True)
    return axes
