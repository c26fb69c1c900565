"""Settings: found by name, read as their type, restored from a record."""

import json

import pytest

from common import registry
from common.competition import Split
from common.config import resolve, restore
from common.errors import SettingError, UnknownName
from common.settings import flat

PATENT = registry.get("patent")


def test_the_competitions_split_is_filled_in() -> None:
    assert resolve(PATENT, "best").split == PATENT.split
    course = resolve(PATENT, "course").split
    assert course is not None and (course.kind, course.holdout, course.seed) == ("random", 0.25, 42)


def test_overrides_are_read_as_the_type_of_the_setting() -> None:
    config = resolve(PATENT, "best", ["epochs=3", "learning_rate=1e-5", "precision=float32", "folds=0,2", "seed=7"])
    found = flat(config)
    assert (found["epochs"], found["learning_rate"], found["precision"]) == (3, 1e-5, "float32")
    assert (config.folds, config.seed) == ((0, 2), 7)


def test_a_split_is_changed_as_a_whole() -> None:
    config = resolve(PATENT, "course", ["split.kind=group", "split.group=anchor", "split.holdout=none"])
    assert config.split == Split(kind="group", group="anchor", seed=42)
    assert resolve(PATENT, "course", ["split=default"]).split == PATENT.split


def test_flags_win() -> None:
    config = resolve(PATENT, "best", ["seed=1"], seed=2, folds=(1,))
    assert (config.seed, config.folds) == (2, (1,))


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("epoch=3", "Did you mean 'epochs'"),
        ("split.groop=anchor", "Did you mean 'split.group'"),
        ("epochs.more=3", "unknown setting"),
        ("split=random", "unknown setting"),
    ],
)
def test_an_unknown_setting_is_refused(word: str, says: str) -> None:
    with pytest.raises(UnknownName, match=says):
        resolve(PATENT, "best", [word])


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("epochs=many", "must be an integer, got 'many'"),
        ("precision=fp8", "auto, half-on-gpu, float32"),
        ("epochs", "key=value"),
        ("split.holdout=2", "holdout must be < 1, got 2"),
        ("split.n_splits=1", "n_splits must be >= 2, got 1"),
        ("learning_rate=inf", "finite"),
        (f"seed={10**23}", r"seed must be <= 1e\+09, got 10+"),  # D27: libraries take 32 bits
        (f"split.seed={2**32}", r"seed must be <= 1e\+09"),
        ("split.group=none", "needs split.group"),
    ],
)
def test_a_wrong_value_is_refused(word: str, says: str) -> None:
    with pytest.raises(SettingError, match=says):
        resolve(PATENT, "best", [word])


def test_true_and_false() -> None:
    assert flat(resolve(PATENT, "course", ["evaluate=no"]))["evaluate"] is False
    with pytest.raises(SettingError, match="true, false"):
        resolve(PATENT, "course", ["evaluate=perhaps"])


@pytest.mark.parametrize("profile", list(PATENT.profiles))
def test_a_record_restores_the_settings(profile: str) -> None:
    config = resolve(PATENT, profile, ["split.seed=3"], folds=(0, 1))
    assert restore(PATENT, profile, json.loads(json.dumps(flat(config)))) == config


@pytest.mark.parametrize("profile", list(PATENT.profiles))
def test_a_record_of_another_kind_of_split_is_restored(profile: str) -> None:
    config = resolve(PATENT, profile, ["split=default"])
    assert restore(PATENT, profile, json.loads(json.dumps(flat(config)))) == config


@pytest.mark.parametrize(
    "word",
    [
        "seed=-1",
        "orders=0",
        "members=0",
        "batch_size=0",
        "learning_rate=0",
        "split.seed=-1",
        "split.bins=0",
        "trees.max_iter=0",
    ],
)
def test_a_value_out_of_range_is_refused(word: str) -> None:
    with pytest.raises(SettingError, match=r"must be >=? [01], got"):
        resolve(PATENT, "best", [word])


def test_a_record_of_settings_that_are_gone_is_refused() -> None:
    with pytest.raises(SettingError, match="no longer has"):
        restore(PATENT, "best", {"dropout": 0.1})
