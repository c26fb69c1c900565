"""Leaks planted in small frames are found; clean splits are not accused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from common.competition import Split
from common.errors import SplitError
from common.splits.folds import make_folds
from common.splits.leakage import between, check

PATENT = Path(__file__).parents[3] / "shared" / "data" / "patent"
RANDOM, GROUP, TIME = Split(kind="random"), Split(kind="group", group="group"), Split(kind="time", order="when")
SYLLABLES = np.array([a + b for a in "bdfgklmnprst" for b in "aeiou"], dtype=object)


def words(rng, n):
    return np.array(["".join(rng.choice(SYLLABLES, 3)) for _ in range(n)], dtype=object)


def phrases(rng, n, length=4):
    vocabulary = words(rng, 2000)
    return np.array([" ".join(rng.choice(vocabulary, length)) for _ in range(n)], dtype=object)


@pytest.fixture
def frame():
    """Four hundred different phrases in forty groups."""
    rng = np.random.default_rng(0)
    return pd.DataFrame({"text": phrases(rng, 400), "group": rng.permutation(np.repeat(words(rng, 40), 10))})


@pytest.fixture
def folds(frame):
    return make_folds(frame, GROUP)


def kinds(leaks):
    return [leak.kind for leak in leaks]


def first_of(folds, fold, place=0):
    return int(np.flatnonzero(folds == fold)[place])


def test_a_clean_split_is_not_accused(frame, folds):
    assert check(frame, folds, GROUP, inputs=["text", "group"], group="group") == []


def test_a_group_on_both_sides(frame):
    folds = make_folds(frame, RANDOM)
    (leak,) = check(frame, folds, RANDOM, inputs=["text"], group="group")
    assert leak.kind == "group" and leak.fraction == 1.0
    assert "100.0% of the validation rows" in leak.message and "Split by group='group'" in leak.message
    assert set(leak.examples) <= set(frame["group"])


def test_share_counts_validation_rows_only():
    frame = pd.DataFrame({"g": ["a", "a", "a", "b", "c", "d"]})
    folds = np.array([0, -1, -1, 0, 0, 0])
    (leak,) = check(frame, folds, RANDOM, inputs=[], group="g")
    assert leak.fraction == 0.25 and leak.examples == ("a",)


def test_missing_groups_are_shared_with_nobody():
    frame = pd.DataFrame({"g": [None, None, "a", "b"]})
    assert check(frame, np.array([0, 1, 0, 1]), RANDOM, inputs=[], group="g") == []


def test_exact_duplicates(frame, folds):
    frame.loc[first_of(folds, 1), "text"] = frame["text"].iloc[first_of(folds, 0)]
    (leak,) = check(frame, folds, GROUP, inputs=["text"])
    assert leak.kind == "duplicate" and leak.fraction == 2 / 400
    assert frame["text"].iloc[first_of(folds, 0)] in leak.examples[0]


def test_a_pair_the_other_way_round_is_the_same_pair(frame, folds):
    """A14: phrases (A, B) in one fold and (B, A) in another."""
    frame["other"], frame["number"] = np.roll(frame["text"], 1), 1.0
    one, two = first_of(folds, 0), first_of(folds, 3)
    frame.loc[two, ["text", "other"]] = frame.loc[one, ["other", "text"]].to_numpy()
    (leak,) = check(frame, folds, GROUP, inputs=["text", "other", "number"])
    assert leak.kind == "swapped" and leak.fraction == 2 / 400 and frame["text"].iloc[one] in leak.message
    frame.loc[two, "number"] = 3.0
    assert check(frame, folds, GROUP, inputs=["text", "other", "number"]) == []


def test_duplicates_inside_one_fold_are_no_leak(frame, folds):
    frame.iloc[first_of(folds, 0, 1)] = frame.iloc[first_of(folds, 0)]
    frame.iloc[first_of(folds, 2, 1)] = frame.iloc[first_of(folds, 2)]
    assert check(frame, folds, GROUP, inputs=["text", "group"]) == []


def test_rows_that_differ_in_one_input_are_no_duplicates():
    frame = pd.DataFrame({"code": ["A01", "A02"] * 50, "text": np.repeat(phrases(np.random.default_rng(0), 50), 2)})
    folds = np.tile([0, 1], 50)
    assert check(frame, folds, RANDOM, inputs=["code", "text"]) == []
    assert kinds(check(frame, folds, RANDOM, inputs=["text"])) == ["duplicate"]


@pytest.mark.parametrize(
    "edit",
    [
        str.upper,
        lambda text: f"  {text}!",
        lambda text: text.replace(" ", ", "),
        lambda text: " ".join(reversed(text.split())),
        lambda text: text + "s",
        lambda text: text[:9] + text[10:],
        lambda text: text[:5] + "x" + text[6:],
    ],
    ids=["case", "punctuation", "separators", "word order", "plural", "letter lost", "letter changed"],
)
def test_near_duplicates(frame, folds, edit):
    one, two = first_of(folds, 0), first_of(folds, 3)
    original = frame["text"].iloc[one]
    frame.loc[two, "text"] = edit(original)
    (leak,) = check(frame, folds, GROUP, inputs=["text"])
    assert leak.kind == "near_duplicate" and leak.fraction == 2 / 400
    assert repr(original) in leak.examples[0] and repr(edit(original)) in leak.examples[0]


def test_what_the_hashes_take_for_alike_is_verified():
    """Of 32 hashes these two phrases share 25, of their eighteen 3-grams ten: a similarity of 0.56, not of 0.78."""
    frame = pd.DataFrame({"text": ["seking grutrer", "seking cirer"], "code": ["A47", "A47"]})
    folds = np.array([0, 1])
    assert check(frame, folds, RANDOM, inputs=["text", "code"]) == []
    assert between({"train": frame[:1], "test": frame[1:]}, ["text", "code"]) == []
    frame.loc[1, "text"] = "grutrer, Seking"
    assert kinds(check(frame, folds, RANDOM, inputs=["text", "code"])) == ["near_duplicate"]
    (message,) = between({"train": frame[:1], "test": frame[1:]}, ["text", "code"])
    assert message.startswith("test shares 0 rows with train in all inputs, and 1 more nearly (such as")


def test_no_further_group_is_advised_where_the_split_is_by_group(frame, folds):
    one, two, three = first_of(folds, 0), first_of(folds, 1), first_of(folds, 2)
    frame.loc[two, "text"] = frame["text"].iloc[one]
    frame.loc[three, "text"] = frame["text"].iloc[one].upper()
    for split, advice in (
        (GROUP, ["drop the duplicates", "drop one row of each pair that means the same"]),
        (RANDOM, ["drop the duplicates, or keep them together by a group"]),
    ):
        leaks = check(frame, folds, split, inputs=["text"])
        assert [leak.message.rpartition("; ")[2] for leak in leaks][: len(advice)] == advice


def test_near_duplicates_of_long_texts():
    rng = np.random.default_rng(0)
    text = phrases(rng, 100, length=150)
    text[60] = text[10].replace(text[10].split()[7], "instead", 1)
    folds = np.repeat([0, 1], 50)
    (leak,) = check(pd.DataFrame({"text": text}), folds, RANDOM, inputs=["text"])
    assert leak.kind == "near_duplicate" and leak.fraction == 0.02


def test_every_input_must_be_near(frame, folds):
    frame["other"] = phrases(np.random.default_rng(5), len(frame))
    frame.loc[first_of(folds, 3), "text"] = frame["text"].iloc[first_of(folds, 0)].upper()
    assert check(frame, folds, GROUP, inputs=["text", "other"]) == []
    frame.loc[first_of(folds, 3), "other"] = frame["other"].iloc[first_of(folds, 0)] + "."
    assert kinds(check(frame, folds, GROUP, inputs=["text", "other"])) == ["near_duplicate"]


def test_paths_and_codes_that_differ_in_one_letter_are_different():
    frame = pd.DataFrame({"path": [f"train/cat.{number}.jpg" for number in range(2000)]})
    assert check(frame, np.arange(2000) % 5, RANDOM, inputs=["path"]) == []


def test_numbers_are_near_within_a_thousandth_of_their_spread():
    numbers = np.random.default_rng(0).normal(size=(200, 2))
    numbers[150] = numbers[20] * (1 + 1e-9)
    frame = pd.DataFrame(numbers, columns=["a", "b"])
    folds = np.repeat([0, 1], 100)
    (leak,) = check(frame, folds, RANDOM, inputs=["a", "b"])
    assert leak.kind == "near_duplicate" and leak.fraction == 0.01


def test_ordered_folds_know_only_the_past():
    frame = pd.DataFrame({"text": ["same words here", "quite other words", "third thing entirely", "same words here"]})
    later = np.array([-1, 0, 1, 1])
    (leak,) = check(frame, later, TIME, inputs=["text"])
    assert leak.kind == "duplicate" and leak.fraction == 1 / 3
    future = np.array([1, 0, -1, 2])  # only fold 2 trains on its twin
    (leak,) = check(frame, future, TIME, inputs=["text"], group="text")[:1]
    assert leak.fraction == 1 / 3
    near = frame.replace({"text": {"same words here": "same words here, too"}})
    near.loc[0, "text"] = "Same words here, too"
    assert [leak.fraction for leak in check(near, np.array([0, -1, -1, 1]), TIME, inputs=["text"])] == [0.5]


def test_the_test_set_tells_which_column_is_the_group(frame):
    folds = make_folds(frame, RANDOM)
    rng = np.random.default_rng(9)
    frame["common"] = rng.choice(["x", "y"], len(frame))
    unseen = pd.DataFrame({"text": phrases(rng, 40), "group": words(rng, 40), "common": "x"})
    inputs = ["text", "group", "common"]
    (leak,) = check(frame, folds, RANDOM, inputs=inputs, test=unseen)
    assert leak.kind == "group" and "only 0.0% of the test rows" in leak.message and "'group'" in leak.message
    seen = unseen.assign(group=frame["group"].iloc[:40].to_numpy())
    assert check(frame, folds, RANDOM, inputs=inputs, test=seen) == []


def test_greatest_share_first(frame):
    folds = make_folds(frame, RANDOM)
    frame.loc[first_of(folds, 1), "text"] = frame["text"].iloc[first_of(folds, 0)]
    leaks = check(frame, folds, RANDOM, inputs=["text"], group="group")
    assert kinds(leaks) == ["group", "duplicate"]


def test_odd_columns_do_not_disturb(folds, frame):
    frame["when"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(len(frame)), unit="h")
    frame["flag"] = np.arange(len(frame)) % 2 == 0
    frame["kind"] = pd.Categorical(np.where(frame["flag"], "one", "two"))
    frame["gap"] = np.where(frame["flag"], np.nan, 1.0)
    frame["constant"] = 3
    frame["empty"] = None
    assert check(frame, folds, GROUP, inputs=frame.columns.tolist()) == []
    assert check(frame, np.full(len(frame), -1), GROUP, inputs=["text"]) == []


def test_refuses_what_does_not_fit(frame, folds):
    with pytest.raises(SplitError, match="needs column 'nope'"):
        check(frame, folds, GROUP, inputs=["nope"])
    with pytest.raises(SplitError, match="400 rows but 399 folds"):
        check(frame, folds[1:], GROUP, inputs=["text"])


@pytest.mark.skipif(not PATENT.is_dir(), reason=f"no real data in {PATENT}")
def test_real_phrases_leak_through_a_random_split():
    train = pd.read_csv(PATENT / "train.csv")
    inputs = ("anchor", "target", "context")
    random = make_folds(train, Split(kind="random", holdout=0.25, seed=42))
    leak, *others = check(train, random, RANDOM, inputs=inputs, group="anchor")
    assert "swapped" not in kinds(others)  # A14: no pair is there the other way round as well
    assert leak.kind == "group" and leak.fraction > 0.99
    grouped = make_folds(train, Split(kind="stratified_group", group="anchor", stratify="score"))
    assert "group" not in kinds(check(train, grouped, GROUP, inputs=inputs, group="anchor"))
