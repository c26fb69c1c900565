"""A column that alone tells the answer is named, with how well; one that is only good, or that names rows, is not."""

import numpy as np
import pandas as pd
import pytest

from common.splits.telling import telling

RNG = np.random.default_rng(0)
N = 2000
CLASS = RNG.integers(0, 2, N)
FRAME = pd.DataFrame({
    "row": np.arange(N), "name": [f"r{n}" for n in range(N)], "noise": RNG.normal(size=N), "good": CLASS + RNG.normal(0, 0.7, N),
    "after": CLASS + RNG.normal(0, 0.1, N), "folded": np.where(CLASS, 0, 5 * RNG.choice([-1, 1], N)) + RNG.normal(0, 0.5, N),
    "word": np.where(CLASS, "won", "lost"), "gaps": np.where(CLASS, np.nan, RNG.normal(size=N)),
})  # fmt: skip


def test_columns_that_tell_a_class_are_named() -> None:
    told = telling(FRAME, list(FRAME), pd.Series(CLASS).map({0: "no", 1: "yes"}), classes=True)
    assert [name for name, _ in told] == ["after", "folded", "word", "gaps"]
    assert all(score.startswith("AUC 0.9") or score == "AUC 1" for _, score in told)


@pytest.mark.parametrize("classes", [True, False])
def test_columns_that_tell_one_of_several_classes_or_a_number_are_named(classes: bool) -> None:
    target = pd.Series(np.digitize(FRAME["noise"], [-0.5, 0.5]) if classes else FRAME["noise"] * 3 + 1)
    (name, score), *others = telling(FRAME, list(FRAME), target, classes=classes)
    assert (name, others) == ("noise", []) and score[:2] == ("AU" if classes else "R²")


def test_few_rows_tell_nothing() -> None:
    assert telling(FRAME.head(40), ["word"], pd.Series(CLASS[:40]), classes=True) == []
