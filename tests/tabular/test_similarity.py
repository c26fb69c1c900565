"""Texts of a row beside one another."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from common.tabular import finder
from common.tabular.columns import expanded
from common.tabular.similarity import MEASURES, pairs, similarities
from common.tabular.task import TabularTask

ONE = ["how do I learn to swim", "red wine", "", "the same words"]
OTHER = ["learn how to swim", "Red wines", "nothing", "words the same"]


def test_measures_go_from_nothing_in_common_to_all_of_it() -> None:
    words, within, letters = similarities(ONE, OTHER).T
    assert [each[3] for each in (words, within, letters)] == pytest.approx([1, 1, 1])  # in any order
    assert words[1] == pytest.approx(1 / 2) and letters[1] > words[1]  # wine is in wines
    assert words[0] == pytest.approx(4 / (6 * 4) ** 0.5) and within[0] == pytest.approx(4 / 6)
    assert (similarities(ONE, OTHER)[2] == 0).all()


def test_only_columns_that_speak_of_the_same_are_compared() -> None:
    rng = np.random.default_rng(0)
    words, names = (["pump", "valve", "motor", "rod", "seal"], ["anna", "bert", "carl", "dora", "emil"])
    columns = {
        name: pd.Series([" ".join(rng.choice(some, 3)) for _ in range(60)])
        for name, some in (("anchor", words), ("target", words), ("people", names))
    }
    columns["word"] = pd.Series(rng.choice(words, 60))
    assert pairs(columns) == [("anchor", "target")]
    frame = pd.DataFrame({**columns, "y": rng.random(60)})
    layout = finder.found(frame, frame.drop(columns="y"), TabularTask(target="y"))
    made = [f"anchor ~ target · {measure}" for measure in MEASURES]
    assert {*made} <= {*layout.numbers}
    rows = expanded(frame, layout, {})[made]
    assert rows.notna().all(axis=None) and rows.iloc[:1].equals(expanded(frame[:1], layout, {})[made])
