"""Training: the order of the batches, killed and continued, stopped in time."""

from __future__ import annotations

import json
import random
import signal
import time
from itertools import count
from pathlib import Path

import numpy as np
import pytest
from forks import Command, Forks
from kit import Said, kit

from common.deadline import Deadline

TINY = (
    "--profile", "sample", "--set", "epochs=2", "--set", "checkpoint_minutes=0", "--folds", "0,1", "--set", "trees.max_iter=5",
)  # fmt: skip
PAIRS = (
    "--profile", "course", "--set", "backbone=tiny-random", "--set", "epochs=2", "--set", "batch_size=16",
    "--set", "split=default", "--set", "checkpoint_minutes=0", "--folds", "0",
)  # fmt: skip


def test_an_order_depends_on_seed_and_epoch_alone() -> None:
    import torch

    from common.huggingface.training import EpochSampler

    sampler = EpochSampler(100, 1, 8, None)
    first = list(sampler)
    sampler.epoch = 1
    second = list(sampler)
    sampler.epoch = 0
    torch.manual_seed(5)
    assert list(sampler) == first
    assert [row for _, row in first] != [row for _, row in second]
    assert {epoch for epoch, _ in second} == {1}
    assert sorted(row for _, row in second) == list(range(100))
    assert list(EpochSampler(100, 2, 8, None)) != first


def test_rows_of_like_length_come_together() -> None:
    from common.huggingface.training import EpochSampler

    lengths = np.random.default_rng(0).integers(5, 200, 1003).tolist()
    rows = [row for _, row in EpochSampler(1003, 1, 8, lengths)]
    assert sorted(rows) == list(range(1003))
    batches = [[lengths[row] for row in rows[start : start + 8]] for start in range(0, len(rows), 8)]
    padding = sum(max(batch) * len(batch) - sum(batch) for batch in batches)
    plain = [[lengths[row] for row in range(start, min(start + 8, 1003))] for start in range(0, 1003, 8)]
    assert padding < 0.2 * sum(max(batch) * len(batch) - sum(batch) for batch in plain)
    assert [max(batch) for batch in batches] != sorted((max(batch) for batch in batches), reverse=True)


def killed_then_finished(forks: Forks, folder: Path, words: tuple[object, ...], kills: int) -> list[int]:
    """Train in peace, and once more with kills after random amounts of work; return the checkpoints that were left."""
    calm, killed = ([*map(str, words), "--out", str(folder / name)] for name in ("calm", "killed"))
    rng, left = random.Random(0), list[int]()
    assert forks.run(Command(words=tuple(calm)))[0].code == 0
    for _ in range(kills):
        ended = forks.run(
            Command(words=tuple(killed), signal=signal.SIGKILL, change=rng.randint(5, 35), files=f"{folder}/killed/*")
        )
        assert ended[0].code == -signal.SIGKILL, ended[0].err
        left += [int(path.parent.name.rpartition("-")[2]) for path in (folder / "killed").rglob("whole")]
    assert forks.run(Command(words=tuple(killed)))[0].code == 0
    return left


@pytest.mark.slow
@pytest.mark.parametrize(("profile", "kills"), [(TINY, 5), (PAIRS, 2)])
def test_killed_at_random_moments_a_run_ends_as_if_undisturbed(
    profile: tuple[str, ...],
    kills: int,
    forks: Forks,
    home: Path,
    sample_data: Path,
    tmp_path: Path,
) -> None:
    words = ("train", "patent", "--data", sample_data, *profile)
    assert killed_then_finished(forks, tmp_path, words, kills), "no kill fell into training: nothing was tested"
    for name in ("oof.csv", "submission.csv", "folds.csv"):
        assert (tmp_path / "killed" / name).read_bytes() == (tmp_path / "calm" / name).read_bytes()
    assert not list((tmp_path / "killed").glob(".*.part"))


def trained(capsys: pytest.CaptureFixture[str], *words: object) -> Said:
    return kit(capsys, "train", "patent", "--json", *words)


@pytest.mark.slow
def test_a_deadline_ends_training_and_the_submission_is_valid(
    capsys: pytest.CaptureFixture[str], home: Path, sample_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = count()
    monkeypatch.setattr(Deadline, "passed", lambda self, reserve=0.0: next(asked) >= 5)
    said = trained(capsys, "--data", sample_data, *TINY, "--out", tmp_path / "run")
    assert said.code == 0 and "stopped by the deadline" in said.err
    assert said.json["status"] == "stopped by the deadline"
    fold = said.json["folds"]["0"]
    assert fold["stopped_early"] is True
    assert 0 < fold["notes"]["steps"] < fold["notes"]["steps_planned"]
    assert kit(capsys, "validate", "patent", tmp_path / "run" / "submission.csv", "--data", sample_data).code == 0


@pytest.mark.slow
def test_kaggles_session_sets_the_deadline(
    capsys: pytest.CaptureFixture[str], sample_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    began = time.time() - 9 * 3600 + 300  # nine hours less the margin ago
    monkeypatch.setenv("KIT_ENVIRONMENT", f"place=kaggle-batch root={tmp_path} internet=off started={began}")
    said = trained(capsys, "--data", sample_data, "--profile", "sample")
    assert said.code == 0 and said.json["status"] == "stopped by the deadline"
    assert json.loads((Path(said.json["run"]) / "run.json").read_text())["machine"]["place"] == "kaggle-batch"


@pytest.mark.slow
def test_with_no_time_at_all_there_is_still_a_submission(
    capsys: pytest.CaptureFixture[str], home: Path, sample_data: Path, tmp_path: Path
) -> None:
    said = trained(capsys, "--data", sample_data, *TINY, "--time-limit", "0.001s", "--out", tmp_path / "run")
    assert said.code == 0 and said.json["status"] == "stopped by the deadline"
    assert list(said.json["folds"]) == ["0"] and "no time for fold 1" in said.err
    assert kit(capsys, "validate", "patent", tmp_path / "run" / "submission.csv", "--data", sample_data).code == 0
