"""The figures of a run of masks: truth and prediction over its pictures, and the learning curve."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from common.data.frames import Frames
from common.decisions.masks import cells
from common.masks import VOID
from common.masks.soft import SoftMasks
from common.model import Context
from common.runs import oof
from common.runs.run import Run
from common.vision import figures
from common.vision.illustrations import FOLDER
from common.vision.rows import ROW
from common.vision.segmentation.rows import cache_of
from common.vision.segmentation.task import MaskTask

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pandas import DataFrame

_SHOWN = 6  # pictures
_SIDE = 320  # pixels of the longer side of a picture in the figure
_COLOURS = 20
_OPACITY = 0.55


def illustrate(task: MaskTask, frames: Frames, run: Run, context: Context) -> None:
    """Draw pictures with the true and the out-of-fold masks over them, and the learning curve."""
    folder, finished = run.folder / FOLDER, run.finished()
    number = finished[0]
    held_out = frames.training[oof.read(run)[0]["fold"].to_numpy() == number]
    masks: SoftMasks = run.predictions(number, "valid")
    figure = overlays(task, held_out, masks, run.record.decision)
    figures.save(figure, folder / "overlays.png")
    lines = {f"fold {each}": fold.notes["curve"] for each, fold in run.record.folds.items() if fold.notes.get("curve")}
    if lines:
        figures.save(figures.curves(lines, "Learning curve", "step", "training loss"), folder / "learning_curve.png")
    context.progress.say(f"figures: {folder}")


def overlays(task: MaskTask, rows: DataFrame, masks: SoftMasks, decision: Any) -> Any:
    """Return a figure of a few rows: the picture, the true mask over it, and what was decided for its soft mask.

    Args:
        task: says what an answer is.
        rows: n training rows with their answers.
        masks: soft masks of these n rows.
        decision: what becomes of them.
    """
    import numpy as np

    some = np.linspace(0, len(rows) - 1, min(_SHOWN, len(rows))).astype(int)
    shown, cache = rows.iloc[some], cache_of(rows)
    decided = cells(masks[some], shown, task.cell, decision.threshold, decision.smallest)[:, 0]
    pictures, captions = [], []
    for answer, cell, place in zip(shown[task.target], decided, shown[ROW], strict=True):
        pixels, size = cache.picture(place), tuple(cache.sizes[place].tolist())
        both = (task.truth(answer, size), cell if task.cell.kind == "pixels" else task.truth(cell, size))
        pictures += [small(pixels), *(small(over(pixels, mask, task.first_layer)) for mask in both)]
        captions += ["picture", "truth", "out of fold"]
    return figures.grid(pictures, captions, "Masks of held-out pictures", key=key(task))


def over(pixels: NDArray[np.uint8], mask: NDArray[Any], first: int = 1) -> NDArray[np.uint8]:
    """Return a picture with a mask over it, a colour for each number.

    Args:
        pixels: (rows, columns, 3).
        mask: numbers (of any size), of which void and those below `first` are left as the picture is.
        first: 0 where what is numbered 0 is a class as all others.
    """
    import numpy as np

    down, across = ((np.arange(side) + 0.5) * of / side for side, of in zip(pixels.shape, mask.shape, strict=False))
    numbers = mask[np.ix_(down.astype(int), across.astype(int))].astype(int)
    shown = (numbers >= first) & (numbers != VOID)
    mixed = pixels * (1 - _OPACITY) + _palette()[numbers % _COLOURS] * _OPACITY
    return np.where(shown[..., None], mixed, pixels).astype(np.uint8)


def key(task: MaskTask) -> dict[str, str]:
    """Return the colours of `over` by the names of classes; none where colours only tell objects apart."""
    if task.cell.kind != "pixels":
        return {}
    return {
        name: "#{:02x}{:02x}{:02x}".format(*_palette()[place % _COLOURS]) for place, name in enumerate(task.classes)
    }


def small(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a picture (rows, columns, 3) at the size at which a figure shows it, in its proportions."""
    import numpy as np
    from PIL import Image, ImageOps

    return np.asarray(ImageOps.contain(Image.fromarray(np.ascontiguousarray(pixels)), (_SIDE, _SIDE)))


def _palette() -> NDArray[np.uint8]:
    import numpy as np
    from matplotlib import colormaps

    return (np.array([colormaps["tab20"](place)[:3] for place in range(_COLOURS)]) * 255).astype(np.uint8)
