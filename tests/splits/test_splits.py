"""Laws over every kind of split, and what each kind alone promises."""

from __future__ import annotations

import dataclasses
import datetime
from math import ceil

import numpy as np
import pandas as pd
import pytest

from common.competition import Split
from common.errors import SettingError, SplitError
from common.splits.folds import make_folds, save_folds, train_and_valid

ROWS = 1000
KINDS = {
    "random": Split(kind="random"),
    "random holdout": Split(kind="random", holdout=0.2),
    "stratified": Split(kind="stratified", stratify="label"),
    "stratified holdout": Split(kind="stratified", stratify="label", holdout=0.2),
    "stratified number": Split(kind="stratified", stratify="number"),
    "group": Split(kind="group", group="group"),
    "group holdout": Split(kind="group", group="group", holdout=0.2),
    "stratified_group": Split(kind="stratified_group", group="group", stratify="label"),
    "stratified_group holdout": Split(kind="stratified_group", group="group", stratify="label", holdout=0.2),
    "stratified_group number": Split(kind="stratified_group", group="group", stratify="number"),
    "time": Split(kind="time", order="time"),
    "time holdout": Split(kind="time", order="time", holdout=0.2),
    "folder": Split(kind="folder", column="path"),
    "column": Split(kind="column", column="fold"),
}
SEEDED = [name for name in KINDS if name.split()[0] in ("random", "stratified", "group", "stratified_group")]
every_kind = pytest.mark.parametrize("split", KINDS.values(), ids=KINDS)


@pytest.fixture(scope="module")
def frame():
    rng = np.random.default_rng(1)
    day = rng.integers(0, 200, ROWS)
    return pd.DataFrame(
        {
            "label": rng.choice(["cat", "dog", "newt"], ROWS, p=[0.6, 0.3, 0.1]),
            "number": rng.normal(size=ROWS),
            "group": np.char.add("g", rng.integers(0, 90, ROWS).astype(str)),
            "time": [(datetime.date(2020, 1, 1) + datetime.timedelta(days=int(d))).isoformat() for d in day],
            "path": np.where(rng.random(ROWS) < 0.3, "data/valid/a.png", "data/train/valid.png"),
            "fold": rng.integers(-1, 3, ROWS),
        },
        index=rng.permutation(ROWS) + 5000,
    )


def seeded(split, seed):
    from dataclasses import replace

    return replace(split, seed=seed)


@every_kind
def test_folds_are_one_small_integer_per_row(frame, split):
    folds = make_folds(frame, split)
    assert folds.shape == (ROWS,) and folds.dtype == np.int16
    n_folds = folds.max() + 1
    expected = {"folder": 1, "column": 3}.get(split.kind, 1 if split.holdout else split.n_splits)
    assert n_folds == expected
    always_train = split.holdout is not None or split.kind in ("time", "folder", "column")
    assert set(folds) == set(range(-1 if always_train else 0, n_folds))


@every_kind
def test_every_fold_trains_and_validates_on_different_rows(frame, split):
    folds = make_folds(frame, split)
    for fold in range(folds.max() + 1):
        train, valid = train_and_valid(folds, fold, split)
        assert train.any() and valid.any() and not (train & valid).any()
        assert split.kind == "time" or (train | valid).all()


@every_kind
def test_same_seed_same_folds_whatever_the_index(frame, split):
    assert (make_folds(frame, split) == make_folds(frame.reset_index(drop=True), split)).all()
    assert (make_folds(frame, split) == make_folds(frame.copy(), split)).all()


@pytest.mark.parametrize("name", SEEDED)
def test_another_seed_gives_other_folds(frame, name):
    one, two = (make_folds(frame, seeded(KINDS[name], seed)) for seed in (0, 1))
    together = pd.crosstab(one, two).to_numpy()
    assert (together > 0).sum() > len(together), "the same folds under other names"


@every_kind
def test_folds_do_not_depend_on_how_text_is_stored(frame, split):
    for dtype in (object, "category"):
        stored = frame.astype(dict.fromkeys(("label", "group"), dtype))
        assert (make_folds(frame, split) == make_folds(stored, split)).all()


@pytest.mark.parametrize("name", [name for name in SEEDED if not name.startswith("time")])
def test_sizes_are_even(frame, name):
    split = KINDS[name]
    share = split.holdout or 1 / split.n_splits
    sizes = np.bincount(make_folds(frame, split) + 1)[1:]
    room = 12 if split.group else 1  # a group has about eleven rows
    assert np.abs(sizes - share * ROWS).max() <= room


@pytest.mark.parametrize("name", [name for name, split in KINDS.items() if split.stratify])
def test_strata_are_even(frame, name):
    split = KINDS[name]
    folds = make_folds(frame, split)
    strata = frame[split.stratify] if split.stratify == "label" else pd.qcut(frame["number"], split.bins, labels=False)
    within = pd.crosstab(folds[folds >= 0], strata.to_numpy()[folds >= 0], normalize="index")
    overall = strata.value_counts(normalize=True)[within.columns]
    assert np.abs(within - overall.to_numpy()).to_numpy().max() < (0.03 if split.group else 0.01)


@pytest.mark.parametrize("name", [name for name, split in KINDS.items() if split.group])
def test_groups_stay_together_whatever_the_order_of_rows(frame, name):
    folds = make_folds(frame, KINDS[name])
    assert pd.Series(folds).groupby(frame["group"].to_numpy()).nunique().max() == 1
    order = np.random.default_rng(3).permutation(ROWS)
    assert (make_folds(frame.iloc[order], KINDS[name]) == folds[order]).all()


def test_stratified_groups_are_no_less_even_than_scikit_learns():
    from sklearn.model_selection import StratifiedGroupKFold

    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(300), rng.geometric(0.05, 300))
    labels = (rng.random(len(groups)) < rng.beta(1, 3, 300)[groups]).astype(int)
    frame = pd.DataFrame({"group": groups, "label": labels})

    def unevenness(folds):
        return pd.crosstab(folds, labels).std().sum()

    ours, theirs = [], []
    for seed in range(5):
        ours.append(unevenness(make_folds(frame, seeded(KINDS["stratified_group"], seed))))
        reference = np.empty(len(groups))
        splitter = StratifiedGroupKFold(5, shuffle=True, random_state=seed)
        for fold, (_, valid) in enumerate(splitter.split(groups, labels, groups)):
            reference[valid] = fold
        theirs.append(unevenness(reference))
    assert np.mean(ours) < 2 * np.mean(theirs) + 1


def test_one_huge_group_and_many_small_ones():
    frame = pd.DataFrame({"group": [0] * 500 + list(range(1, 501))})
    sizes = np.bincount(make_folds(frame, Split(kind="group", group="group", n_splits=4)))
    assert sorted(sizes) == [166, 167, 167, 500]


def test_random_holdout_is_that_of_hugging_face_datasets(frame):
    from datasets import Dataset

    for share in (0.25, 0.1):
        dataset = Dataset.from_dict({"row": np.arange(ROWS)})
        test = dataset.train_test_split(share, seed=42)["test"]["row"]
        folds = make_folds(frame, Split(kind="random", holdout=share, seed=42))
        assert sorted(test) == np.flatnonzero(folds == 0).tolist()


@pytest.mark.parametrize("kind", ["random", "stratified"])
def test_folds_are_scikit_learns(frame, kind):
    from sklearn.model_selection import KFold, StratifiedKFold

    splitter = (KFold if kind == "random" else StratifiedKFold)(5, shuffle=True, random_state=7)
    folds = make_folds(frame, seeded(KINDS[kind], 7))
    for fold, (_, valid) in enumerate(splitter.split(frame, frame["label"])):
        assert (np.flatnonzero(folds == fold) == valid).all()


def test_numbers_are_stratified_by_value_up_to_bins():
    score = np.tile([0, 0.25, 0.5, 0.75, 1], 40)
    folds = make_folds(pd.DataFrame({"y": score}), Split(kind="stratified", stratify="y", n_splits=4, bins=5))
    assert (pd.crosstab(folds, score) == 10).all(axis=None)
    skewed = np.r_[np.zeros(900), np.arange(1, 101)]  # most quantiles coincide
    folds = make_folds(pd.DataFrame({"y": skewed}), Split(kind="stratified", stratify="y"))
    assert np.bincount(folds[skewed > 0]).tolist() == [20] * 5


@pytest.mark.parametrize("holdout", [None, 0.2])
def test_time_never_trains_on_the_future_nor_cuts_a_moment_in_two(frame, holdout):
    split = Split(kind="time", order="time", n_splits=4, holdout=holdout)
    folds = make_folds(frame, split)
    time = frame["time"].to_numpy()
    for fold in range(folds.max() + 1):
        train, valid = train_and_valid(folds, fold, split)
        assert time[train].max() < time[valid].min()
    if holdout:
        assert (folds == 0).sum() >= ceil(holdout * ROWS)


def test_time_may_be_numbers_dates_or_iso_text():
    numbers = np.random.default_rng(0).permutation(60)
    dates = pd.Timestamp("2024-01-01") + pd.to_timedelta(numbers, unit="D")
    stored = pd.DataFrame({"number": numbers, "date": dates, "text": dates.strftime("%Y-%m-%d")})
    columns = [make_folds(stored, Split(kind="time", order=name)) for name in stored]
    assert all((folds == columns[0]).all() for folds in columns)
    assert (columns[0] == numbers // 10 - 1).all()


def test_folder_counts_folders_only():
    paths = ["valid/a.png", "data\\valid\\b.png", "train/valid.png", "train/invalid/c.png", "/data/val/d", "valid"]
    assert make_folds(pd.DataFrame({"p": paths}), Split(kind="folder", column="p")).tolist() == [0, 0, -1, -1, 0, -1]


def test_column_takes_whole_numbers_of_any_type():
    for numbers in ([0, 1, -1], [0.0, 1.0, -1.0], ["0", "1", "-1"], pd.array([0, 1, -1], dtype="Int64")):
        assert make_folds(pd.DataFrame({"f": numbers}), Split(kind="column", column="f")).tolist() == [0, 1, -1]


REFUSED = {
    "empty frame": (Split(kind="random"), {"x": []}, "frame is empty"),
    "fewer rows than folds": (Split(kind="random"), {"x": [1, 2]}, "2 rows cannot be divided into 5"),
    "holdout of all": (Split(kind="random", holdout=0.9), {"x": [1, 2]}, "some must be left for training"),
    "missing column": (Split(kind="group", group="g"), {"x": [1], "y": [2]}, "needs column 'g'; the data has x, y"),
    "missing group": (
        Split(kind="group", group="g"),
        {"g": ["a", None, "b"]},
        "'g' is missing in 1 rows, first in row 1",
    ),
    "missing class": (Split(kind="stratified", stratify="y"), {"y": [1.0, np.nan] * 9}, "'y' is missing in 9 rows"),
    "missing time": (Split(kind="time", order="t"), {"t": [1.0, np.nan] * 9}, "'t' is missing in 9 rows"),
    "few groups": (Split(kind="group", group="g"), {"g": list("aabbcc")}, "'g' has 3 groups; 5 are needed"),
    "one group": (Split(kind="group", group="g", holdout=0.1), {"g": list("aaa")}, "'g' has 1 groups; 2 are needed"),
    "large groups": (Split(kind="group", group="g", holdout=0.01), {"g": list("aabb")}, "small enough for a holdout"),
    "rare class": (
        Split(kind="stratified", stratify="y"),
        {"y": ["a"] * 20 + ["rare"] * 4},
        "class rare of 'y' has 4 rows; 5 are needed",
    ),
    "rare class in groups": (
        Split(kind="stratified_group", group="g", stratify="y"),
        {"y": ["a"] * 20 + ["rare"] * 4, "g": range(24)},
        "class rare of 'y' has 4 rows",
    ),
    "rare class in holdout": (
        Split(kind="stratified", stratify="y", holdout=0.1),
        {"y": ["a"] * 20 + ["b"]},
        "class b of 'y' has 1 rows; 2 are needed",
    ),
    "holdout below classes": (
        Split(kind="stratified", stratify="y", holdout=0.1),
        {"y": list("abcde") * 2},
        "into 1 and 9; each side needs",
    ),
    "one moment": (Split(kind="time", order="t"), {"t": [3] * 40}, "1 distinct times in 40 rows"),
    "few moments": (Split(kind="time", order="t"), {"t": [1, 2, 3] * 20}, "3 distinct times in 60 rows"),
    "few rows in time": (Split(kind="time", order="t"), {"t": [1, 2, 3]}, "3 distinct times in 3 rows"),
    "no time": (Split(kind="time", order="t"), {"t": ["soon", "later"] * 9}, "neither numbers nor ISO 8601"),
    "no valid folder": (
        Split(kind="folder", column="p"),
        {"p": ["train/a", "other/b"]},
        "folders: other/, train/",
    ),
    "only valid folder": (Split(kind="folder", column="p"), {"p": ["valid/a"]}, "all rows of the folder split"),
    "fractional fold": (Split(kind="column", column="f"), {"f": [0, 0.5]}, "holds .*0.5.* in row 1"),
    "text fold": (Split(kind="column", column="f"), {"f": ["0", "x"]}, "holds 'x' in row 1"),
    "missing fold": (Split(kind="column", column="f"), {"f": [0, None]}, "in row 1"),
    "fold below -1": (Split(kind="column", column="f"), {"f": [0, -2]}, "in row 1"),
    "no fold 0": (Split(kind="column", column="f"), {"f": [1, 2]}, "fold 0 .*has no rows"),
    "no fold at all": (Split(kind="column", column="f"), {"f": [-1, -1]}, "no row validates"),
    "one fold only": (Split(kind="column", column="f"), {"f": [0, 0]}, "some must be left for training"),
    "too many folds": (Split(kind="random", n_splits=5000), {"x": [1]}, "at most 1000"),
}


@pytest.mark.parametrize(("split", "columns", "words"), REFUSED.values(), ids=REFUSED)
def test_refuses_in_one_line(split, columns, words):
    with pytest.raises(SplitError, match=words) as refused:
        make_folds(pd.DataFrame(columns), split)
    assert "\n" not in str(refused.value)


def test_folds_are_saved_with_ids_as_written(tmp_path):
    ids = pd.Series(["007", "12311_10", 'with "quotes", and comma', "NA"], index=[9, 8, 7, 6])
    folds = np.array([0, 1, -1, 1], dtype=np.int16)
    save_folds(ids, folds, tmp_path / "folds.csv")
    table = pd.read_csv(tmp_path / "folds.csv", dtype=str, keep_default_na=False)
    assert table["id"].tolist() == ids.tolist() and table["fold"].tolist() == ["0", "1", "-1", "1"]


@pytest.mark.parametrize("kind", ["folder", "column"])
def test_a_split_given_by_a_column_takes_no_holdout(kind):
    with pytest.raises(SettingError, match="holdout has no meaning"):
        Split(kind=kind, column="x", holdout=0.2)


def test_rows_without_a_group_are_refused_or_stand_alone() -> None:
    """A3: a third of 300 cells is empty; as one group they were a third of all rows."""
    names = np.array(["", *map(str, range(20))], dtype=object)[np.r_[np.zeros(100, int), 1 + np.arange(200) % 20]]
    frame = pd.DataFrame({"family": names, "label": np.arange(300) % 2})
    for split in (
        Split(kind="group", group="family"),
        Split(kind="stratified_group", group="family", stratify="label"),
    ):
        with pytest.raises(SplitError, match=r"'family' is missing in 100 rows.*--set split.without_group=alone"):
            make_folds(frame, split)
        folds = make_folds(frame, dataclasses.replace(split, without_group="alone"))
        assert np.bincount(folds).tolist() == [60] * 5
        assert np.bincount(folds[:100], minlength=5).min() > 0
        assert frame[names != ""].assign(fold=folds[names != ""]).groupby("family")["fold"].nunique().max() == 1
    with pytest.raises(SplitError, match="'family' is missing in 100 rows"):
        make_folds(frame, Split(kind="stratified", stratify="family"))


def test_numbers_are_numbers_where_the_file_gives_text() -> None:
    """A13: an undescribed column of unix seconds, or of a number to stratify by."""
    seconds = pd.Series(np.arange(8, 28))
    frame = pd.DataFrame({"at": seconds.astype(str), "number": seconds})
    for split in (Split(kind="time", order="at"), Split(kind="stratified", stratify="at", bins=2)):
        same = Split(**{**vars(split), "order": split.order and "number", "stratify": split.stratify and "number"})
        assert make_folds(frame, split).tolist() == make_folds(frame, same).tolist()
    for cells, wrong in ((["1", "2", "soon"], "soon"), (["2020-01-01", "2020-13-01"], "2020-13-01")):
        with pytest.raises(SplitError, match=f"holds '{wrong}': neither numbers nor ISO 8601"):
            make_folds(pd.DataFrame({"at": cells * 9}), Split(kind="time", order="at"))


def test_numbers_that_are_rarer_than_folds_count_as_their_neighbours() -> None:
    """A count that two rows have is no reason to refuse a split by it; a class with two rows is."""
    rings = np.repeat([0.0, 1, 2, 3, 9], [3, 40, 4, 2, 2])
    folds = make_folds(pd.DataFrame({"rings": rings}), Split(kind="stratified", stratify="rings"))
    assert np.bincount(folds).min() >= 10
    assert all(len({*folds[where]}) == 5 for where in (rings <= 1, rings >= 2))
    with pytest.raises(SplitError, match="class 3 of 'rings' has 2 rows"):
        make_folds(pd.DataFrame({"rings": rings.astype(int).astype(str)}), Split(kind="stratified", stratify="rings"))
