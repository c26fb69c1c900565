"""The parts of a fold's training rows: each is left out once, to stop by and to weigh models on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from common.competition import Split
from common.errors import SplitError
from common.splits.folds import make_folds

if TYPE_CHECKING:
    from numpy import int16
    from numpy.typing import NDArray
    from pandas import DataFrame


def parts(frame: DataFrame, codes: NDArray[Any] | None, split: Split | None, count: int, seed: int) -> NDArray[int16]:
    """Return which of `count` parts each row belongs to (n,), as the split divides them: groups stay together.

    Args:
        frame: n training rows.
        codes: of the classes (n,), whose shares the parts keep; None for numbers.
        split: the competition's.
        count: two or more.
        seed: of chance.
    """
    import numpy as np

    if split is not None and split.group is not None and split.kind in ("group", "stratified_group"):
        try:
            wanted = Split(
                kind="group", group=split.group, without_group=split.without_group, n_splits=count, seed=seed
            )
            return make_folds(frame, wanted)
        except SplitError:  # too few groups
            pass
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(frame))
    if codes is not None:
        order = order[np.argsort(codes[order], kind="stable")]  # class after class, dealt one by one
    dealt = np.empty(len(frame), np.int16)
    dealt[order] = np.arange(len(frame)) % count
    return dealt
