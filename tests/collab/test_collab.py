"""Ratings: every profile's model, what is unknown, and what bad input is told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from common.collab import CollabModels, CollabTask
from common.collab.biases import Biases
from common.collab.features import described
from common.collab.ratings import Names, Ratings
from common.collab.settings import LAST, Best, Shrinkage, profiles
from common.config import resolve
from common.data.frames import Frames
from common.errors import DataError
from common.model import Context
from common.registry import get
from common.settings import override
from common.splits.folds import make_folds
from competitions.movielens.competition import COMPETITION

TASK = CollabTask(
    target="stars", user="who", item="what", when="when", labels="kinds", title="title", low=0.5, high=5.0
)
TINY = {
    "baseline": {},
    "course": {"epochs": "8", "batch_size": "16", "learning_rate": "2e-2", "factors": "4"},
    "best": {"parts": "3", "trees.iterations": "40", "trees.min_data_in_leaf": "5", "factors.size": "3"},
}


def rated(n: int = 600, seed: int = 0) -> pd.DataFrame:
    """Return ratings of 40 items by 20 users who are kind or not, and like one of two kinds better."""
    rng = np.random.default_rng(seed)
    pairs = rng.permutation(20 * 40)[:n]
    who, what = pairs // 40, pairs % 40
    kind, good, taste = rng.normal(0, 0.6, 20), rng.normal(0, 0.6, 40), rng.normal(0, 0.6, 20)
    stars = 3 + kind[who] + good[what] + taste[who] * np.where(what % 2, 1, -1) + rng.normal(0, 0.3, n)
    return pd.DataFrame({
        "who": [f"u{number}" for number in who], "what": [f"i{number:02}" for number in what],
        "when": 1e9 + 86_400 * who + 60 * rng.permutation(n), "stars": np.clip(np.round(2 * stars) / 2, 0.5, 5),
        "kinds": np.where(what % 2, "odd|all", "even|all"), "title": [f"Item {number} ({1960 + number})" for number in what],
    })  # fmt: skip


def strangers() -> pd.DataFrame:
    """Return a known pair, a new item, a new user, and a pair of which both are new."""
    known = rated().iloc[[0, 0, 0, 0]].drop(columns="stars").reset_index(drop=True)
    known.loc[[1, 3], "what"], known.loc[[2, 3], "who"] = "never seen", "nobody"
    return known


@pytest.mark.slow
@pytest.mark.parametrize("profile", TINY)
def test_a_model_learns_is_saved_and_answers_strangers(profile: str, context: Context, tmp_path: Path) -> None:
    rows, config = rated(), override(profiles()[profile], TINY[profile])
    train, valid = rows[:500], rows[500:].reset_index(drop=True)
    models = CollabModels(TASK)
    model = models.build(config, Frames(train=train, test=valid), context)
    model.fit(train, valid)
    predicted = model.predict(valid)
    assert predicted.shape == (100,) and predicted.min() >= 0.5 and predicted.max() <= 5.0
    rmse, spread = float(np.sqrt(np.mean((predicted - valid["stars"]) ** 2))), float(valid["stars"].std())
    assert rmse < 0.9 * spread
    (folder := tmp_path / "model").mkdir()
    model.save(folder)
    again = models.load(folder, config, context)
    np.testing.assert_allclose(again.predict(valid), predicted, rtol=1e-6)
    answered = again.predict(strangers())
    assert np.isfinite(answered).all() and (answered >= 0.5).all() and (answered <= 5.0).all()


def test_strangers_get_the_biases_answer() -> None:
    rows = rated()
    names = Names.of(rows, TASK)
    known = Ratings.of(rows, names, TASK)
    biases = Biases.of(known, names, Shrinkage())
    user, item = known.user[0], known.item[0]
    said = biases(Ratings.of(strangers(), names, TASK))
    mean = rows["stars"].mean()
    expected = mean + np.array([biases.users[user] + biases.items[item], biases.users[user], biases.items[item], 0])
    np.testing.assert_allclose(said, expected)


def test_the_biases_are_the_ridge_regression_of_marks() -> None:
    rows = rated(200)
    names = Names.of(rows, TASK)
    known = Ratings.of(rows, names, TASK)
    biases = Biases.of(known, names, Shrinkage(users=2.0, items=3.0))
    marks = np.zeros((200, 60))
    marks[np.arange(200), known.user] = marks[np.arange(200), 20 + known.item] = 1
    penalty = np.diag([2.0] * 20 + [3.0] * 40)
    solved = np.linalg.solve(marks.T @ marks + penalty, marks.T @ (known.rating - known.rating.mean()))
    np.testing.assert_allclose([*biases.users[:-1], *biases.items[:-1]], solved, atol=1e-3)


def test_no_row_is_described_by_its_own_rating() -> None:
    rows = rated(300)
    names = Names.of(rows, TASK)
    every = Ratings.of(rows, names, TASK)
    known, asked = every[:250], every[250:]
    settings = profiles()["best"]
    assert isinstance(settings, Best)
    features = described(known, asked, names, settings)
    hidden = described(known, replace(asked, rating=np.zeros(50)), names, settings)
    np.testing.assert_array_equal(features, hidden)
    # In other orders the same rows are described the same.
    order = np.random.default_rng(1).permutation(50)
    np.testing.assert_allclose(described(known, asked[order], names, settings), features[order], atol=1e-9)


def test_neighbours_in_time_are_the_user_s_own() -> None:
    table = pd.DataFrame({
        "who": list("aaabb"), "what": ["x", "y", "z", "x", "y"], "when": [0.0, 100.0, 900.0, 100.0, 200.0],
        "stars": [1.0, 5.0, 3.0, 2.0, 4.0], "kinds": "k", "title": "T (2000)",
    })  # fmt: skip
    names = Names.of(table, TASK)
    every = Ratings.of(table, names, TASK)
    known, asked = every[[0, 2, 3, 4]], every[[1]]
    settings = profiles()["best"]
    assert isinstance(settings, Best)
    unsaid = known.rating - Biases.of(known, names, settings.biases)(known)
    features = described(known, asked, names, settings)[0]
    for value in (unsaid[0], 100 / 86_400, unsaid[1], 800 / 86_400):  # before and after, and how long ago
        assert np.isclose(features, value, atol=1e-9).any()


def test_each_user_s_last_fifth_can_validate(context: Context) -> None:
    rows = rated()
    frames = CollabModels(TASK).enrich(Frames(train=rows, test=rows.head(1)), profiles()["baseline"], context)
    config = resolve(COMPETITION, "baseline", ["split.kind=column", f"split.column={LAST}"])
    assert config.split is not None
    folds = make_folds(frames.training, config.split)
    for _, some in rows.assign(fold=folds).groupby("who"):
        last, others = some[some["fold"] == 0], some[some["fold"] == -1]
        assert len(last) == len(some) // 5
        assert last.empty or last["when"].min() >= others["when"].max()


def test_ratings_of_which_none_can_teach_another_are_refused(context: Context) -> None:
    rows = rated(20).assign(who=[str(number) for number in range(20)])
    with pytest.raises(DataError, match="no two of 20 training rows have the same 'who'"):
        CollabModels(TASK).enrich(Frames(train=rows, test=rows), profiles()["baseline"], context)


def test_the_competition_bounds_the_scale() -> None:
    task = CollabTask.of(get("movielens"), user="userId", item="movieId")
    assert (task.low, task.high, task.targets) == (0.5, 5.0, ("rating",))
