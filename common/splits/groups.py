"""Deal groups of rows to folds.

scikit-learn's splitters are not used here: GroupKFold balances sizes only where it takes no seed, GroupShuffleSplit takes
a fraction of the groups instead of the rows, and StratifiedGroupKFold needs minutes for a million rows in hundreds of
thousands of groups. One method replaces the three.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def deal_groups(
    groups: NDArray[np.intp], classes: NDArray[np.intp], fractions: Sequence[float], seed: int
) -> NDArray[np.intp]:
    """Return the fold of each row such that every group is in one fold only.

    Greedy, large groups first: a group goes to the fold where it least increases the sum over folds and classes of
    `(rows of the class in the fold / rows of the class)² / fraction of the fold`, which is smallest when each fold has its
    fraction of each class. All rows together count as one more class, so that sizes agree too. Groups of the same
    composition are interchangeable and are dealt at once, so that the cost depends on the number of distinct compositions
    rather than of groups.

    Args:
        groups: Group of each row, 0..g-1, shape (n,).
        classes: Class of each row, 0..c-1, shape (n,).
        fractions: The fraction of the rows for each fold; they sum to one.
        seed: Which of many equally good deals to take.
    """
    import numpy as np

    rng = np.random.default_rng(seed)
    class_of_pair, rows_of_pair, starts = _compositions(groups, classes)
    ends = np.append(starts[1:], len(class_of_pair))
    totals = np.bincount(class_of_pair, rows_of_pair)
    relative = rows_of_pair / totals[class_of_pair]  # every class counts alike, however rare

    # Groups are alike if a random linear combination agrees; in 64 bits a chance agreement is out of reach, and harmless.
    weights = rng.integers(1, 2**63, len(totals), dtype=np.uint64)
    composition = np.add.reduceat(rows_of_pair.astype(np.uint64) * weights[class_of_pair], starts)
    _, example, kind, n_alike = np.unique(composition, return_index=True, return_inverse=True, return_counts=True)
    members = np.lexsort((rng.random(len(starts)), kind))  # kind by kind, shuffled inside
    last = np.cumsum(n_alike)

    target = np.asarray(fractions)
    filled = np.zeros((len(totals), len(target)))
    fold_of_group = np.empty(len(starts), dtype=np.intp)
    # Powers of two: near enough to large-first for balance, with room inside for the seed to vary the folds.
    magnitude = np.floor(np.log2(rows_of_pair[ends[example] - 1]))
    for k in np.lexsort((rng.random(len(example)), -magnitude)).tolist():
        pair = slice(starts[example[k]], ends[example[k]])
        present, rows = class_of_pair[pair], relative[pair, None]
        dealt: list[int] = []
        if n_alike[k] > len(target):
            count = _level((filled[present] * rows).sum(axis=0), (rows**2).sum(), target, n_alike[k])
            filled[present] += rows * count
            dealt = np.repeat(np.arange(len(target)), count).tolist()
        for _ in range(n_alike[k] - len(dealt)):
            cost = ((filled[present] + rows / 2) * rows).sum(axis=0) / target
            fold = int(cost.argmin())
            filled[present, fold] += rows[:, 0]
            dealt.append(fold)
        fold_of_group[members[last[k] - n_alike[k] : last[k]]] = dealt
    return fold_of_group[groups]


def _compositions(
    groups: NDArray[np.intp], classes: NDArray[np.intp]
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """Return classes and rows of each class, group after group, and where each group starts.

    Such pairs fit in memory where a table of all groups by all classes would not. The last class, which every group
    has, is that of all rows.
    """
    import numpy as np

    n_groups, all_rows = int(groups.max()) + 1, int(classes.max()) + 1
    pairs, rows = np.unique(groups * (all_rows + 1) + classes, return_counts=True)
    pairs = np.concatenate((pairs, np.arange(n_groups) * (all_rows + 1) + all_rows))
    order = np.argsort(pairs, kind="stable")
    class_of_pair = pairs[order] % (all_rows + 1)
    starts = np.flatnonzero(class_of_pair == all_rows)[:-1] + 1
    return class_of_pair, np.concatenate((rows, np.bincount(groups)))[order], np.concatenate(([0], starts))


def _level(load: NDArray[np.float64], step: float, target: NDArray[np.float64], count: int) -> NDArray[np.intp]:
    """Return how many of `count` equal groups go to each fold if they are poured like water; a few are left over.

    A group raises the level of a fold, which stands at `load / target`, by `step / target`.
    """
    import numpy as np

    below = np.ones(len(target), dtype=bool)  # folds whose level lies below the final one
    while True:
        level = (count * step + load[below].sum()) / target[below].sum()
        poured = np.where(below, (level * target - load) / step, 0.0)
        if (poured >= 0).all():
            return poured.astype(np.intp)
        below &= poured > 0
