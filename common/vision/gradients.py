"""What can be seen in pictures without a network: histograms of oriented gradients and of colours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BINS = 9  # of directions from 0 to 180 degrees
_BATCH = 256  # pictures at once: what they need stays in the processor's cache


def describe(pictures: NDArray[np.uint8], cell: int) -> NDArray[np.float32]:
    """Return gradients of cells and colours of four times as large ones (n, features).

    The gradients are those of Dalal and Triggs, "Histograms of oriented gradients for human detection" (2005):
    directions weighed by strength in cells of `cell` pixels, each normalised within the four blocks of 2 x 2 cells
    around it. Colours are the mean and spread of each channel.

    Args:
        pictures: (n, side, side, 3), a side that is a multiple of 4 * cell.
        cell: pixels.
    """
    import numpy as np

    parts = [_describe(pictures[start : start + _BATCH], cell) for start in range(0, len(pictures), _BATCH)]
    described: NDArray[np.float32] = np.concatenate(parts)
    return described


def _describe(pictures: NDArray[np.uint8], cell: int) -> NDArray[np.float32]:
    import numpy as np

    values = pictures.astype(np.float32) / np.float32(255)
    large = _cells(values, 4 * cell)  # (n, rows, columns, pixels, 3)
    colours = np.concatenate((large.mean(axis=3), large.std(axis=3)), axis=-1)
    return np.concatenate((_gradients(values, cell), colours.reshape(len(pictures), -1)), axis=1)


def _gradients(values: NDArray[np.float32], cell: int) -> NDArray[np.float32]:
    import numpy as np

    down, across = np.zeros_like(values), np.zeros_like(values)
    down[:, 1:-1] = values[:, 2:] - values[:, :-2]
    across[:, :, 1:-1] = values[:, :, 2:] - values[:, :, :-2]
    strength = down**2 + across**2
    strongest = strength.argmax(axis=-1, keepdims=True)  # the channel that shows an edge best speaks for the pixel
    down, across, strength = (np.take_along_axis(part, strongest, -1)[..., 0] for part in (down, across, strength))
    direction = np.arctan2(down, across) % np.pi * (BINS / np.pi)
    lower = np.floor(direction)
    share, strength = direction - lower, np.sqrt(strength)
    lower = lower.astype(np.int8) % BINS
    upper = (lower + 1) % BINS
    bins = np.stack(
        [
            _cells(strength * ((lower == bin_) * (1 - share) + (upper == bin_) * share), cell).sum(axis=3)
            for bin_ in range(BINS)
        ],
        axis=-1,
    )
    energy = (bins**2).sum(axis=-1)
    blocks = energy[:, :-1, :-1] + energy[:, 1:, :-1] + energy[:, :-1, 1:] + energy[:, 1:, 1:]
    around = np.pad(blocks, ((0, 0), (1, 1), (1, 1)), mode="edge")
    normalised = [
        np.minimum(
            bins / np.sqrt(around[:, row : row + bins.shape[1], column : column + bins.shape[2], None] + 1e-3), 0.4
        )
        for row in (0, 1)
        for column in (0, 1)
    ]
    mean: Any = sum(normalised)
    return (mean / 4).reshape(len(values), -1).astype(np.float32)  # type: ignore[no-any-return]


def _cells(values: NDArray[Any], side: int) -> NDArray[Any]:
    """Return the pixels of each cell along an axis of their own: (n, rows, columns, pixels, …)."""
    n, rows, columns = values.shape[0], values.shape[1] // side, values.shape[2] // side
    cut = values[:, : rows * side, : columns * side].reshape(n, rows, side, columns, side, *values.shape[3:])
    return cut.swapaxes(2, 3).reshape(n, rows, columns, side * side, *values.shape[3:])
