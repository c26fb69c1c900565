"""ULMFiT: its stages, apart and together; the encoder; killed and continued; stopped in time."""

from __future__ import annotations

import errno
import json
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest
from forks import Command, Forks
from kit import kit
from ulmfit_world import TINY, reviews

from common.cli import main
from common.environment import OVERRIDE
from common.errors import BackboneError
from common.fastai.checkpoints import CHECKPOINT, CheckpointCallback
from common.text import TextModels
from common.text.ulmfit import encoder
from common.text.ulmfit.generate import as_written

pytestmark = pytest.mark.slow  # each trains


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return reviews(tmp_path_factory.mktemp("imdb"))


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def here(home: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIT_CACHE", str(cache))  # words are made once for all tests
    monkeypatch.delattr(TextModels, "illustrate")  # figures are drawn of the undisturbed run alone


@pytest.fixture(scope="module")
def calm(data: Path, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An undisturbed run of both stages."""
    root = tmp_path_factory.mktemp("calm")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(OVERRIDE, f"place=local root={root} internet=off")
        patch.setenv("KIT_CACHE", str(cache))
        assert main(["train", "imdb", "--data", str(data), *TINY, "--out", str(root / "run")]) == 0
    return root / "run"


def same(one: Path, other: Path) -> None:
    for name in ("oof.csv", "submission.csv", "encoder/model.safetensors", "encoder/vocabulary.json"):
        assert (one / name).read_bytes() == (other / name).read_bytes(), name


def test_every_stage_runs_and_is_recorded(calm: Path) -> None:
    record = json.loads((calm / "run.json").read_text())
    language = record["stages"]["language-model"]
    assert language["source"] == "nothing" and record["warnings"] == []
    assert [row["epoch"] for row in language["epochs"]] == [1, 2, 3]
    assert language["epochs"][-1]["perplexity"] < language["epochs"][0]["perplexity"]
    assert {"train_loss", "valid_loss", "accuracy", "perplexity", "per_second"} <= set(language["epochs"][0])
    assert [row["epoch"] for row in record["folds"]["0"]["notes"]["epochs"]] == [1, 2, 3, 4, 5]
    assert not list(calm.rglob(CHECKPOINT)), "checkpoints of finished stages are gone"
    for name in ("language-model", "fold-0"):
        assert (calm / "figures" / f"{name}.png").stat().st_size > 1000


def test_stages_apart_end_as_together(
    capsys: pytest.CaptureFixture[str], data: Path, calm: Path, tmp_path: Path
) -> None:
    words = ("train", "imdb", "--data", data, *TINY, "--out", tmp_path / "run", "--json")
    first = kit(capsys, *words, "--stage", "language-model")
    assert first.code == 0, first.err
    assert (first.json["stage"], first.json["status"]) == ("language-model", "finished")
    assert first.json["submission"] is None
    assert not (tmp_path / "run" / "submission.csv").exists() and not list((tmp_path / "run").glob("fold-*"))
    assert kit(capsys, *words, "--stage", "classifier").code == 0
    same(tmp_path / "run", calm)


def test_a_classifier_alone_takes_the_encoder_of_a_run(
    capsys: pytest.CaptureFixture[str], data: Path, calm: Path, tmp_path: Path
) -> None:
    words = ("train", "imdb", "--data", data, *TINY, "--out", tmp_path / "run", "--stage", "classifier")
    said = kit(capsys, *words)
    assert said.code == 1 and "no encoder yet: run --stage language-model first" in said.complaint
    assert kit(capsys, *words, "--fresh", "--set", f"encoder={calm}").code == 0
    same(tmp_path / "run", calm)


def test_wrong_stages_are_refused(capsys: pytest.CaptureFixture[str], data: Path) -> None:
    said = kit(capsys, "train", "imdb", "--data", data, *TINY, "--stage", "languagemodel")
    assert said.code == 1 and "Did you mean 'language-model'?" in said.complaint
    said = kit(capsys, "train", "imdb", "--data", data, "--profile", "baseline", "--stage", "classifier")
    assert said.code == 1 and "profile 'baseline' has no stages" in said.complaint


def test_a_damaged_encoder_is_refused(
    capsys: pytest.CaptureFixture[str], data: Path, calm: Path, tmp_path: Path
) -> None:
    for name in ("model.safetensors", "vocabulary.json", "encoder.json"):
        broken = tmp_path / name / "encoder"
        shutil.copytree(calm / "encoder", broken)
        content = bytearray((broken / name).read_bytes())
        content[len(content) // 2] ^= 1
        (broken / name).write_bytes(content[: len(content) - (name == "encoder.json") * 20])
        said = kit(
            capsys,
            "train",
            "imdb",
            "--data",
            data,
            *TINY,
            "--out",
            tmp_path / "run" / name,
            "--set",
            f"encoder={broken}",
        )
        assert said.code == 1 and ("is damaged" in said.complaint or "holds no encoder" in said.complaint)
        assert not (tmp_path / "run" / name / "encoder").exists()
    (tmp_path / "cut").mkdir()
    shutil.copy(calm / "encoder" / "encoder.json", tmp_path / "cut")
    with pytest.raises(BackboneError, match=r"model\.safetensors is not what was saved"):
        encoder.read(tmp_path / "cut")


def test_an_encoder_with_another_vocabulary_is_refused(
    capsys: pytest.CaptureFixture[str], data: Path, calm: Path, tmp_path: Path
) -> None:
    other = reviews(tmp_path / "other", seed=5, train=20, unlabeled=2)
    (other / "testData.tsv").write_text('id\treview\n"1_1"\t"quite other words"\n')
    (other / "sampleSubmission.csv").unlink()
    assert (
        kit(capsys, "train", "imdb", "--data", other, *TINY, "--out", tmp_path / "o", "--stage", "language-model").code
        == 0
    )
    run = tmp_path / "run"
    shutil.copytree(calm, run)
    shutil.rmtree(run / "encoder")
    shutil.copytree(tmp_path / "o" / "encoder", run / "encoder")
    said = kit(capsys, "predict", "imdb", "--run", run, "--data", data, "--out", tmp_path / "s.csv")
    assert said.code == 1 and "was trained with another vocabulary" in said.complaint
    said = kit(
        capsys, "train", "imdb", "--data", data, *TINY, "--out", tmp_path / "b", "--set", f"encoder={calm}",
        "--set", "backwards=true",
    )  # fmt: skip
    assert said.code == 1 and "reads forwards, the settings backwards" in said.complaint
    said = kit(
        capsys, "train", "imdb", "--data", data, *TINY, "--out", tmp_path / "c", "--set", f"encoder={calm}",
        "--set", "network.layers=1",
    )  # fmt: skip
    assert said.code == 1 and "has 2 layers of 16" in said.complaint


def test_a_saved_run_predicts(capsys: pytest.CaptureFixture[str], data: Path, calm: Path, tmp_path: Path) -> None:
    assert kit(capsys, "predict", "imdb", "--run", calm, "--data", data, "--out", tmp_path / "s.csv").code == 0
    assert (tmp_path / "s.csv").read_bytes() == (calm / "submission.csv").read_bytes()


class Cut(BaseException):
    """What ends a run in the middle, as a kill would."""


@pytest.mark.parametrize(("stage", "cuts"), [("language-model", (1, 3, 11, 12)), ("classifier", (1, 5, 4, 2))])
def test_cut_off_in_a_stage_a_run_ends_as_if_undisturbed(
    capsys: pytest.CaptureFixture[str], data: Path, calm: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    stage: str, cuts: tuple[int, ...],
) -> None:  # fmt: skip
    run = tmp_path / "run"
    words = ("train", "imdb", "--data", data, *TINY, "--out", run, "--set", "checkpoint_minutes=0")
    if stage == "classifier":
        words = (*words, "--set", f"encoder={calm}")
    whole, batches = CheckpointCallback.after_batch, [0]

    for cut in cuts:

        def counted(callback: CheckpointCallback, limit: int = cut) -> None:
            whole(callback)
            batches[0] += callback.training
            if batches[0] >= limit:
                raise Cut

        batches[0] = 0
        monkeypatch.setattr(CheckpointCallback, "after_batch", counted)
        with pytest.raises(Cut):
            kit(capsys, *words)
    monkeypatch.setattr(CheckpointCallback, "after_batch", whole)
    folder = run / ("language-model-unfinished" if stage == "language-model" else "fold-0-unfinished")
    assert (folder / CHECKPOINT).is_file()
    assert kit(capsys, *words).code == 0
    same(run, calm)


def test_killed_a_run_ends_as_if_undisturbed(
    capsys: pytest.CaptureFixture[str], forks: Forks, data: Path, calm: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    words = ("train", "imdb", "--data", str(data), *TINY, "--out", str(run), "--set", "checkpoint_minutes=0")
    parts = f"{run}/language-model-unfinished/.*.part"  # each is opened, renamed, and then looked for in vain
    (ended,) = forks.run(Command(words=words, signal=signal.SIGKILL, change=5, files=parts))
    assert ended.code == -signal.SIGKILL, ended.err
    assert list(run.glob("language-model-unfinished/.*.part")), "the kill did not fall into the writing of a checkpoint"
    assert not (run / "encoder").exists()
    assert kit(capsys, *words).code == 0
    same(run, calm)
    assert not list(run.rglob("*.part"))


def test_a_full_disk_leaves_no_encoder(
    capsys: pytest.CaptureFixture[str], data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import safetensors.torch

    def full(tensors: dict[str, Any], path: Path) -> None:
        Path(path).write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    run = tmp_path / "run"
    words = ("train", "imdb", "--data", data, *TINY, "--out", run, "--stage", "language-model")
    monkeypatch.setattr(safetensors.torch, "save_file", full)
    said = kit(capsys, *words)
    assert said.code == 1 and "disk full" in said.complaint
    assert not (run / "encoder").exists() and not list(run.rglob("model.safetensors"))


def test_a_deadline_stops_the_language_model_which_then_goes_on(
    capsys: pytest.CaptureFixture[str], data: Path, calm: Path, tmp_path: Path
) -> None:
    words = ("train", "imdb", "--data", data, *TINY, "--out", tmp_path / "run", "--stage", "language-model", "--json")
    said = kit(capsys, *words, "--time-limit", "0.01s")
    assert (
        said.code == 0 and said.json["status"] == "stopped by the deadline" and said.json["stage"] == "language-model"
    )
    assert encoder.read(tmp_path / "run" / "encoder").record["stopped_early"] is True
    said = kit(capsys, *words)
    assert said.code == 0 and said.json["status"] == "finished" and said.json["stage"] == "language-model"
    names = ("encoder/model.safetensors", "encoder/vocabulary.json")
    assert all((tmp_path / "run" / name).read_bytes() == (calm / name).read_bytes() for name in names)


def test_a_deadline_stops_the_classifier_and_there_is_a_submission(
    capsys: pytest.CaptureFixture[str], data: Path, calm: Path, tmp_path: Path
) -> None:
    words = ("train", "imdb", "--data", data, *TINY, "--out", tmp_path / "run", "--set", f"encoder={calm}", "--json")
    said = kit(capsys, *words, "--time-limit", "0.01s")
    assert said.code == 0 and said.json["status"] == "stopped by the deadline"
    assert said.json["folds"]["0"]["stopped_early"] is True
    assert (tmp_path / "run" / "submission.csv").is_file()


def test_a_language_model_goes_on_with_a_text(
    capsys: pytest.CaptureFixture[str], data: Path, calm: Path, tmp_path: Path
) -> None:
    words = ("generate", "imdb", "--run", calm, "--text", "Bin was", "--words", "7")
    first = kit(capsys, *words, "--seed", "3")
    assert first.code == 0 and first.out.startswith("Bin was ")
    assert first.out == kit(capsys, *words, "--seed", "3").out != kit(capsys, *words, "--seed", "4").out
    assert len(first.out.split()) == 9 and "xx" not in first.out
    latin = kit(capsys, *words[:4], "--text", "caf\udce9 was", "--words", "3")  # B17: bytes that are no UTF-8
    assert latin.code == 0 and "\udce9" not in latin.out
    assert kit(capsys, *words, "--seed", "3").out == first.out, "and nothing is spoilt by them"
    said = kit(capsys, *words, "--temperature", "0")
    assert said.code == 1 and "--temperature must be between" in said.complaint
    said = kit(capsys, *words, "--seed", 10**20)
    assert said.code == 2 and "argument --seed: must be an integer >= 0" in said.complaint
    said = kit(capsys, "generate", "imdb", "--run", tmp_path, "--text", "x")
    assert said.code == 1 and "no run in" in said.complaint


def test_tokens_become_what_a_writer_would_have_put() -> None:
    spoken = 'xxbos xxmaj john did n\'t say " hello there " , he said ( xxup no ! ) xxrep 3 !'
    marked = f"{spoken} it 's a xxwrep 3 very well - made film ."
    assert as_written(marked.split()) == (
        "John didn't say \"hello there\", he said (NO!)!!! it's a very very very well-made film."
    )
    assert as_written(["xxrep", "no", "xxmaj"]) == "no"


def test_a_stage_run_again_leaves_a_finished_run_finished(
    capsys: pytest.CaptureFixture[str], data: Path, calm: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    shutil.copytree(calm, run)
    before = json.loads((run / "run.json").read_text())
    words = ("train", "imdb", "--data", data, *TINY, "--out", run, "--stage", "language-model")
    assert kit(capsys, *words).code == 0
    after = json.loads((run / "run.json").read_text())
    assert after["status"] == before["status"] == "finished" and after["warnings"] == before["warnings"]
    assert after["seconds"].keys() == before["seconds"].keys() >= {"fit"}


def test_backwards_is_another_language_model(
    capsys: pytest.CaptureFixture[str], data: Path, calm: Path, tmp_path: Path
) -> None:
    words = ("train", "imdb", "--data", data, *TINY, "--out", tmp_path / "run", "--set", "backwards=true")
    assert kit(capsys, *words).code == 0
    assert encoder.read(tmp_path / "run" / "encoder").backwards
    assert (tmp_path / "run" / "oof.csv").read_bytes() != (calm / "oof.csv").read_bytes()
    said = kit(capsys, "generate", "imdb", "--run", tmp_path / "run", "--text", "was bin", "--words", "3")
    assert said.out.strip().endswith("was bin")


def test_a_learning_rate_is_looked_for(
    capsys: pytest.CaptureFixture[str], data: Path, calm: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    words = (
        "lr-find",
        "imdb",
        "--data",
        data,
        "--profile",
        "sample",
        *TINY[4:],
        "--out",
        tmp_path / "lr.png",
        "--json",
    )
    language = kit(capsys, *words).json
    labels = kit(capsys, *words, "--set", f"encoder={calm}").json
    assert min(language["losses"]) > 2 > labels["losses"][0]
    assert [path.name for path in tmp_path.iterdir() if path.suffix != ".png"] in ([], ["home"])
