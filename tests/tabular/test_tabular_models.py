"""Any table: every kind of target by every profile's model."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from common.data.frames import Frames
from common.deadline import Deadline
from common.errors import DataError
from common.metrics import score
from common.model import Context, Model
from common.settings import override
from common.tabular import TabularModels, TabularTask
from common.tabular.settings import profiles

pytestmark = pytest.mark.slow  # each trains
TINY = {
    "baseline": {"bags": "2", "small_trees.max_iter": "20"},
    "course": {"epochs": "6", "batch_size": "16", "learning_rate": "1e-2"},
    "best": {
        "bags": "2", "lightgbm.iterations": "20", "lightgbm.learning_rate": "0.2", "catboost.iterations": "15",
        "network.epochs": "5",
    },
}  # fmt: skip


def rows(n: int, seed: int = 0, town: int = 40) -> pd.DataFrame:
    """Return rows of every type, whose targets follow from `size`, `colour`, `town` and the day."""
    rng = np.random.default_rng(seed)
    size, towns = rng.normal(size=n), rng.integers(town, size=n)
    colour = rng.choice(["red", "green", ""], n)
    days = pd.Timestamp("2021-01-01") + pd.to_timedelta(rng.integers(700, size=n), unit="D")
    score = 2 * size + (colour == "red") + (towns % 2) + rng.normal(size=n) / 5
    third = np.digitize(score, np.quantile(score, (1 / 3, 2 / 3)))
    return pd.DataFrame({
        "id": [f"{number // 3:04}_{number % 3}" for number in range(n)],
        "size": np.where(rng.random(n) < 0.1, np.nan, size),
        "empty": np.nan,
        "colour": colour,
        "town": [f"town{number}" for number in towns],
        "code": [f"{'AB'[number % 2]}/{number % 30}/{'PS'[number % 2]}" for number in range(n)],
        "day": days,
        "note": [f"some words about a {name} thing number {number}" for number, name in enumerate(colour)],
        "only_train": score,
        "number": score,
        "price": np.exp(score),
        "two": np.where(score > 0, "yes", "no"),
        "three": np.array(["low", "middle", "high"])[third],
        "grade": (third + 3).astype(str),
        "first": (score > 0).astype(float),
        "second": (size > 0).astype(float),
        "part": (1 / (1 + np.exp(-score))),
        "rest": 1 - (1 / (1 + np.exp(-score))),
    })  # fmt: skip


TARGETS = ("number", "price", "two", "three", "grade", "first", "second", "part", "rest")


@dataclass(frozen=True)
class Case:
    task: dict[str, Any]
    classes: tuple[str, ...] = ()
    width: tuple[int, ...] = ()


CASES = {
    "number": Case({"target": "number", "metric": "rmse"}),
    "median": Case({"target": "number", "metric": "mae"}),
    "logarithm": Case({"target": "price", "metric": "rmsle"}),
    "numbers": Case({"target": ("number", "part"), "metric": "rmse"}, width=(2,)),
    "two": Case({"target": "two", "metric": "roc_auc", "predicts": "class"}, ("no", "yes")),
    "three": Case({"target": "three", "metric": "log_loss", "predicts": "class"}, ("low", "middle", "high"), (3,)),
    "ordered": Case(
        {"target": "grade", "metric": "quadratic_weighted_kappa", "predicts": "class"}, ("3", "4", "5"), (1,)
    ),
    "labels": Case(
        {"target": ("first", "second"), "metric": "f1_micro", "predicts": "labels"}, ("first", "second"), (2,)
    ),
    "marks": Case({"target": ("first", "second"), "metric": "roc_auc", "probability": True}, width=(2,)),
    "soft": Case({"target": ("part", "rest"), "metric": "kl_divergence", "probability": True}, width=(2,)),
}


def fitted(case: Case, profile: str, context: Context) -> tuple[TabularModels, Any, Context, Model, Frames]:
    context = replace(context, classes=case.classes)
    models = TabularModels(TabularTask(**case.task, ids=("id",)))
    config = override(profiles()[profile], TINY[profile])
    test = rows(60, seed=1, town=60)  # some of whose towns training has not seen
    frames = models.prepare(
        Frames(train=rows(240), test=test.drop(columns=["only_train", *TARGETS])), config, context
    ).frames
    model = models.build(config, frames, context)
    model.fit(frames.training.iloc[40:], frames.training.iloc[:40])
    return models, config, context, model, frames


@pytest.mark.parametrize("profile", TINY)
@pytest.mark.parametrize("name", CASES)
def test_a_model_learns_is_saved_and_predicts_the_same(
    name: str, profile: str, context: Context, tmp_path: Path
) -> None:
    case = CASES[name]
    models, config, context, model, frames = fitted(case, profile, context)
    predicted, truth = model.predict(frames.test), rows(60, seed=1, town=60)
    assert predicted.shape == (60, *case.width) and np.isfinite(predicted).all()
    if case.classes and name != "labels":
        codes = truth[str(case.task["target"])].map(list(case.classes).index).to_numpy()
        expected = predicted @ np.arange(3) if case.width == (3,) else predicted.reshape(60)
        assert np.corrcoef(expected, codes)[0, 1] > 0.5
    else:
        for column, target in enumerate(case.task["target"] if case.width else [case.task["target"]]):
            assert pd.Series(predicted.reshape(60, -1)[:, column]).corr(truth[target], method="spearman") > 0.4
    if name in ("three", "soft"):
        assert np.allclose(predicted.sum(axis=1), 1)
    (tmp_path / "model").mkdir()
    model.save(tmp_path / "model")
    loaded = models.load(tmp_path / "model", config, context)
    assert np.array_equal(loaded.predict(frames.test), predicted)
    assert loaded.predict(frames.test.iloc[:0]).shape == (0, *case.width)


def test_the_first_member_is_fitted_even_without_time_and_what_is_left_out_is_said(context: Context) -> None:
    late = replace(context, deadline=Deadline.after(0.0))
    _, _, _, model, frames = fitted(CASES["number"], "best", late)
    assert np.isfinite(model.predict(frames.test)).all()
    left_out = [
        "1 of 2 trees",
        *(f"2 of 2 {name}" for name in ("linear", "ridge", "lightgbm", "catboost", "network")),
    ]
    assert model.notes["left_out"] == left_out and model.notes["stopped_early"]


def test_a_random_target_stays_at_chance_beside_a_category_of_many_values(context: Context) -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({
        "name": [f"name {number} x" for number in rng.integers(150, size=600)],
        "x": rng.normal(size=600),
        "y": rng.integers(2, size=600).astype(str),
    })  # fmt: skip
    context = replace(context, classes=("0", "1"))
    models = TabularModels(TabularTask(target="y", predicts="class", metric="roc_auc"))
    config = override(profiles()["baseline"], TINY["baseline"])
    frames = models.prepare(Frames(train=frame, test=frame.drop(columns="y")), config, context).frames
    model = models.build(config, frames, context)
    model.fit(frames.training.iloc[:400], frames.training.iloc[400:])
    predicted, truth = model.predict(frames.training), frame["y"].astype(int)
    assert 0.4 < score("roc_auc", truth[400:], predicted[400:]) < 0.6
    assert predicted.std() < 0.1 and abs(predicted.mean() - 0.5) < 0.1


def test_wide_and_odd_columns_are_no_trouble(context: Context) -> None:
    rng = np.random.default_rng(0)
    wide = pd.DataFrame(rng.normal(size=(80, 300)), columns=[f"c{number}" for number in range(300)])
    odd = {
        "one_row": ["x", *[""] * 79],
        "words": ["a word"] * 79 + ["another"],
        "late": [np.nan] * 60 + [1.0, 2.0] * 10,
    }
    frame = wide.assign(**odd, y=wide["c0"])
    frame.loc[3, "c1"] = np.inf
    models, config = (
        TabularModels(TabularTask(target="y", metric="rmse")),
        override(profiles()["baseline"], TINY["baseline"]),
    )
    frames = models.prepare(Frames(train=frame, test=frame.drop(columns="y")), config, context).frames
    model = models.build(config, frames, context)
    model.fit(frames.training.iloc[:60], frames.training.iloc[60:])  # where "late" is empty
    assert np.corrcoef(model.predict(frames.test), frame["y"])[0, 1] > 0.5
    with pytest.raises(DataError, match="no column that train and test both have"):
        models.prepare(Frames(train=frame[["y"]].assign(same=1.0), test=pd.DataFrame({"same": [1.0]})), config, context)


def test_what_is_a_straight_line_is_found_to_be_one() -> None:
    """Spectra: a hundred columns that hardly differ, whose small differences tell all."""
    from common.tabular.encoder import Encoded
    from common.tabular.goal import Goal
    from common.tabular.member import Rows
    from common.tabular.sklearn_members import RidgeMember

    rng = np.random.default_rng(0)
    curve = np.cumsum(np.cumsum(rng.normal(size=(150, 60)), axis=1), axis=1)
    y = curve[:, 40] - 2 * curve[:, 41] + curve[:, 42]
    x = Encoded(curve.astype(np.float32), tuple(map(str, range(60))), (), (), np.zeros((150, 0), np.int32))
    member = RidgeMember(Goal(kind="numbers", width=1), 0, lambda: False)
    fitted = member.fit_one(Rows(x[:100], y[:100]), Rows(x[100:], y[100:]), 0)
    assert np.corrcoef(member.predict_one(fitted, x[100:], 0), y[100:])[0, 1] > 0.95
