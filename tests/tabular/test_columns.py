"""What a column is taken for, and what is made of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from common.competition import Split
from common.tabular import TabularTask, bags
from common.tabular.columns import Layout, counted, expanded, load_counts, save_counts
from common.tabular.encoder import Encoder
from common.tabular.finder import found
from common.tabular.settings import Features

N = 120
TASK = TabularTask(target="y", ids=("id",), leave_out=("left",))


def table() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    words = ["river", "stone", "cloud", "tree", "bird", "light"]
    return pd.DataFrame({
        "id": [f"{number // 4:04}_{number % 4}" for number in range(N)],
        "y": rng.normal(size=N),
        "left": rng.normal(size=N),
        "number": np.where(rng.random(N) < 0.2, np.nan, rng.normal(size=N)),
        "row": np.arange(N, dtype=float),
        "constant": "same",
        "gaps": np.nan,
        "colour": rng.choice(["red", "green", ""], N),
        "name": [f"person{number}" for number in range(N)],
        "street": [f"street{number % 40}x" for number in range(N)],
        "cabin": [f"{'ABC'[number % 3]}/{number % 50}/{'PS'[number % 2]}" for number in range(N)],
        "mileage": [f"{20 + number % 30}.5 kmpl" for number in range(N)],
        "price": [f"${1000 + 10 * (number % 60):,}" for number in range(N)],
        "when": [f"2021-{1 + number % 12:02}-{1 + number % 28:02} {number % 24:02}:30:00" for number in range(N)],
        "spoken": [f"{13 + number % 16}/{1 + number % 12}/2020" for number in range(N)],
        "day": pd.Timestamp("2022-03-05") + pd.to_timedelta(np.arange(N) % 90, unit="D"),
        "note": [" ".join(rng.choice(words, 6)) for _ in range(N)],
        "listed": [f'["{rng.choice(words)}", "{rng.choice(words)}", "{number}"]' for number in range(N)],
    })  # fmt: skip


def test_columns_are_told_apart() -> None:
    frame = table()
    test = frame.iloc[:50].drop(columns=["y", "number"]).assign(only_test=1.0)
    layout = found(frame, test, TASK)
    assert layout.categories == ("colour", "street", "cabin · 1", "cabin · 2", "cabin · 3", "mileage", "price")
    assert layout.texts == ("note", "listed")
    expected = {
        "id · 1 · rows", "id · 2", "street · rows", "cabin · 2 · number", "mileage · number", "price · number", "when · month",
        "when · day", "when · weekday", "when · hour", "when · days", "spoken · month", "spoken · day", "day · days",
        "note · characters", "listed · characters",
    }  # fmt: skip
    assert expected <= set(layout.numbers)
    absent = {
        "id",
        "y",
        "left",
        "number",
        "row",
        "constant",
        "gaps",
        "name",
        "only_test",
        "note · words",
        "when · year",
    }
    assert not absent & set(layout.columns)


def test_whole_numbers_that_name_something_are_categories_as_well() -> None:
    rng = np.random.default_rng(0)
    shops = rng.choice(rng.permutation(400)[:40] + 100, 1000, p=rng.dirichlet(np.ones(40)))
    frame = pd.DataFrame({"shop": shops, "age": rng.binomial(90, 0.5, 1000), "y": 0.0})
    layout = found(frame, frame.drop(columns="y"), TASK)
    assert (layout.numbers, layout.categories) == (("shop", "age"), ("shop · name",))
    assert expanded(frame, layout, {})["shop · name"].tolist() == [str(shop) for shop in shops]


def test_titles_that_all_differ_are_text() -> None:
    words = ["Gone", "Home", "Night", "The", "Sea"]
    titles = [" ".join(words[: 1 + number % 3]) + f" {number}" for number in range(N)]
    frame = pd.DataFrame({"title": titles, "name": [f"n{number}" for number in range(N)], "y": 0.0})
    assert found(frame, frame.iloc[:50].drop(columns="y"), TASK).texts == ("title",)


def test_the_days_are_left_out_where_all_of_test_are_later() -> None:
    frame = pd.DataFrame({"when": [f"{1 + number % 28:02}.{1 + number % 12:02}.2021" for number in range(N)], "y": 0.0})
    later = frame.drop(columns="y").replace("2021", "2022", regex=True)
    random = {*found(frame, frame.iloc[:50].drop(columns="y"), TASK).numbers}
    assert {"when · days", "when · yearday"} <= random
    assert {*found(frame, later, TASK).numbers} == random - {"when · days"}


def test_what_is_made_of_a_column_is_right_and_kept_with_the_run(tmp_path: Path) -> None:
    frame = table()
    test = frame.iloc[:50].drop(columns="y")
    layout = found(frame, test, TASK)
    layout.save(tmp_path)
    save_counts(counted(frame, layout), tmp_path)
    assert Layout.load(tmp_path) == layout
    again = expanded(test, Layout.load(tmp_path), load_counts(layout, tmp_path))
    made = expanded(test, layout, counted(frame, layout))
    pd.testing.assert_frame_equal(made, again)
    row = made.iloc[1]
    assert row["cabin · 1"] == "B" and row["cabin · 2 · number"] == 1 and row["cabin · 3"] == "S"
    assert row["mileage · number"] == 21.5 and row["price · number"] == 1010
    assert (row["when · month"], row["when · weekday"], row["when · hour"]) == (2, 1, 1)  # 2 February 2021, a Tuesday
    assert row["spoken · day"] == 14 and row["day · days"] == (pd.Timestamp("2022-03-06") - pd.Timestamp(0)).days
    assert row["id · 1 · rows"] == 8 and row["street · rows"] == 3 + 2  # of both tables together
    assert made["number"].isna().equals(test["number"].isna())


def test_a_row_s_own_target_is_not_in_what_its_category_stands_for() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"town": [f"town{number // 2}" for number in range(400)]})
    target = rng.normal(size=(400, 1))
    layout = Layout(numbers=(), categories=("town",), texts=(), steps=())
    encoder = Encoder(layout, Features(smoothing=1.0), 0)
    apart = np.arange(400) % 2  # the two rows of a town are in different parts
    given = encoder.fit_transform(frame, target, apart).x[:, 0]
    assert abs(np.corrcoef(given, target[:, 0])[0, 1]) < 0.15
    other = target.reshape(200, 2)[:, ::-1].reshape(400)  # that of the town's other row
    assert np.corrcoef(given, other)[0, 1] > 0.9
    unseen = encoder.transform(pd.DataFrame({"town": ["elsewhere"]}))
    assert np.isclose(unseen.x[0, 0], target.mean(), atol=1e-6) and unseen.many[0, 0] == -1


def test_parts_keep_groups_together_and_classes_in_shares() -> None:
    frame = pd.DataFrame({"group": np.arange(90) // 3, "y": np.arange(90) % 3})
    kept = bags.parts(frame, None, Split(kind="group", group="group", n_splits=3), 4, 0)
    assert (pd.Series(kept).groupby(frame["group"]).nunique() == 1).all() and set(kept) == set(range(4))
    dealt = bags.parts(frame, frame["y"].to_numpy(), Split(kind="random"), 5, 0)
    assert (pd.crosstab(dealt, frame["y"]) == 6).all(axis=None)
