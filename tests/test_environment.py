"""Where am I, by Kaggle's variables, Colab's and the override."""

import time
from pathlib import Path

import pytest

from common import environment
from common.environment import detect
from common.errors import KitError, SettingError, UnknownName


@pytest.mark.parametrize(
    ("variables", "place"),
    [
        ({}, "local"),
        ({"KAGGLE_KERNEL_RUN_TYPE": "Interactive"}, "kaggle-interactive"),
        ({"KAGGLE_KERNEL_RUN_TYPE": "Batch"}, "kaggle-batch"),
        ({"KAGGLE_KERNEL_RUN_TYPE": "Batch", "KAGGLE_IS_COMPETITION_RERUN": "1"}, "kaggle-rerun"),
        ({"KAGGLE_KERNEL_RUN_TYPE": "Batch", "KAGGLE_IS_COMPETITION_RERUN": ""}, "kaggle-batch"),
        ({"COLAB_RELEASE_TAG": "release-colab_20260514"}, "colab"),
    ],
)
def test_place(variables: dict[str, str], place: str) -> None:
    assert detect(variables).place == place


def test_kaggles_folders_in_both_mount_layouts() -> None:
    here = detect({"KAGGLE_KERNEL_RUN_TYPE": "Batch"})
    assert here.working == Path("/kaggle/working")
    assert here.mounts("some-slug") == [Path("/kaggle/input/competitions/some-slug"), Path("/kaggle/input/some-slug")]
    assert here.started is not None and here.started <= time.time()


def test_a_session_of_ones_own_has_no_end() -> None:
    assert detect({}).started is None


def test_override_puts_kaggle_under_another_root(tmp_path: Path) -> None:
    here = detect({environment.OVERRIDE: f"place=kaggle-rerun root={tmp_path} gpus=0 started=5"})
    assert (here.place, here.working, here.started) == ("kaggle-rerun", tmp_path / "kaggle" / "working", 5.0)
    assert here.temporary == tmp_path / "kaggle" / "temp"
    assert here.gpus() == ()


def test_the_rerun_has_no_internet() -> None:
    assert detect({"KAGGLE_IS_COMPETITION_RERUN": "1"}).online() is False


@pytest.mark.parametrize(("word", "online"), [("on", True), ("off", False)])
def test_override_of_the_internet(word: str, online: bool) -> None:
    assert detect({environment.OVERRIDE: f"internet={word}"}).online() is online


@pytest.mark.parametrize(
    ("text", "error", "says"),
    [
        ("place=kagle-batch", UnknownName, "kaggle-batch"),
        ("rot=/tmp", UnknownName, "root"),
        ("internet=maybe", SettingError, "must be on or off, got .maybe."),
        ("gpus=two", SettingError, "must be a number, got .two."),
    ],
)
def test_a_wrong_override_is_refused(text: str, error: type[KitError], says: str) -> None:
    with pytest.raises(error, match=says):
        detect({environment.OVERRIDE: text})


def test_what_the_machine_has() -> None:
    assert environment.cpu_count() >= 1
    assert environment.free_disk(Path("/nowhere/at/all")) > 0
    total, free = environment.total_memory(), environment.available_memory()
    assert total is None or (free is not None and 0 < free <= total)
