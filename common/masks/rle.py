"""Run-length encoding of masks: "start length start length …", down the columns or along the rows, numbered from 0 or 1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from common.errors import MaskError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Along = Literal["columns", "rows"]
WAYS = {"columns": "down the columns", "rows": "along the rows"}


def encode(mask: NDArray[Any], along: Along = "columns", first: int = 1) -> str:
    """Return the run lengths of a mask.

    Args:
        mask: (rows, columns), any type; what is not 0 belongs to the mask.
        along: whether pixels are numbered down the columns or along the rows.
        first: the number of the first pixel, 0 or 1.

    >>> import numpy as np
    >>> encode(np.array([[0, 1], [1, 1]])), encode(np.array([[0, 1], [1, 1]]), "rows", 0)
    ('2 3', '1 3')
    """
    edges = _changes(_flat(mask != 0, along).view("u1"))
    edges[1::2] -= edges[::2]
    edges[::2] += first
    return " ".join(map(str, edges.tolist()))


def encode_objects(numbers: NDArray[Any], along: Along = "columns", first: int = 1) -> list[str]:
    """Return the run lengths of each object of a picture, in the order of their numbers.

    Args:
        numbers: (rows, columns) whole numbers, 0 where there is no object.
        along: as in `encode`.
        first: as in `encode`.
    """
    import numpy as np

    flat = _flat(numbers, along)
    starts = np.flatnonzero(np.diff(flat, prepend=flat[0] + 1))
    lengths, owners = np.diff(starts, append=len(flat)), flat[starts]
    inside = owners > 0
    order = np.argsort(owners[inside], kind="stable")
    owners = owners[inside][order]
    pairs = np.column_stack((starts[inside][order] + first, lengths[inside][order]))
    parts = np.split(pairs, np.flatnonzero(np.diff(owners)) + 1) if len(pairs) else []
    return [" ".join(map(str, part.ravel().tolist())) for part in parts]


def runs(text: str, first: int = 0) -> NDArray[np.int64]:
    """Return where each run begins and where it has ended, (r, 2), counted from 0.

    Raises:
        MaskError: unless they are pairs of whole numbers, sorted, without overlap.
    """
    import numpy as np

    try:
        numbers = np.array(text.split(), dtype=np.int64)
    except (ValueError, OverflowError):
        raise MaskError(f"run lengths must be whole numbers, got {text[:40]!r}") from None
    if len(numbers) % 2:
        raise MaskError(f"it has {len(numbers):,} numbers; begins and lengths come in pairs")
    starts, lengths = numbers[::2] - first, numbers[1::2]
    if len(numbers) and (starts.min() < 0 or lengths.min() < 1):
        raise MaskError(f"begins must be {first} or more and lengths at least 1")
    ends = starts + lengths
    if (starts[1:] < ends[:-1]).any():
        raise MaskError("runs must be sorted and must not overlap")
    return np.column_stack((starts, ends))


def decode(text: str, shape: tuple[int, int], along: Along = "columns", first: int = 1) -> NDArray[np.bool_]:
    """Return a mask (rows, columns).

    Args:
        text: its run lengths; no text at all is an empty mask.
        shape: rows and columns of the picture.
        along: as in `encode`.
        first: as in `encode`.

    Raises:
        MaskError: for text that is no run lengths, or runs past the end of the picture.
    """
    found = runs(text, first)
    if len(found) and found[-1, 1] > shape[0] * shape[1]:
        raise past_end(int(found[-1, 1]), shape)
    return paint(found, shape, along)


def paint(found: NDArray[Any], shape: tuple[int, ...], along: Along) -> NDArray[np.bool_]:
    """Return the mask (rows, columns) of runs that do not overlap and end in the picture; they need not be sorted."""
    import numpy as np

    steps = np.zeros(shape[0] * shape[1] + 1, np.int8)
    steps[found[:, 0]] = 1
    steps[found[:, 1]] -= 1  # where one run begins as another ends, nothing changes
    flat = np.cumsum(steps[:-1], dtype=np.int8).view(np.bool_)
    return flat.reshape(shape) if along == "rows" else flat.reshape(shape[::-1]).T


def past_end(end: int, shape: tuple[int, int]) -> MaskError:
    """Return the mistake of a mask that ends behind the last pixel."""
    rows, columns = shape
    return MaskError(f"it runs to pixel {end:,} of a picture of {columns} × {rows}, which has {rows * columns:,}")


def _flat(values: NDArray[Any], along: Along) -> NDArray[Any]:
    """Return pixels one after another (pixels,)."""
    import numpy as np

    return np.ascontiguousarray(values if along == "rows" else values.T).ravel()


def _changes(flat: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return where runs of 1 begin and have ended, in turn."""
    import numpy as np

    edges = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    ends = [[0]] if flat.size and flat[0] else [], [[flat.size]] if flat.size and flat[-1] else []
    return np.concatenate([*ends[0], edges, *ends[1]]).astype(np.int64)
