"""Profile `best` of imdb: what is read of a review, which reviews are read, and the weights of the blend."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from kit import kit, start

from common import registry
from common.config import resolve
from common.data.frames import Frames
from common.huggingface import tiny
from common.model import Context
from competitions.imdb.best import BestModel
from competitions.imdb.blend import Blend, log_odds
from competitions.imdb.competition import Reading
from competitions.imdb.model import MODELS
from competitions.imdb.reader import Reader, padded
from competitions.imdb.transformer import Transformer

IMDB = registry.get("imdb")
TINY = (
    "backbone=tiny-random", "brief.head_tokens=8", "brief.tail_tokens=16", "brief.share=0.5", "brief.rows=80",
    "brief.frozen_layers=1", "brief.epochs=2", "brief.learning_rate=0.002", "brief.batch_size=8", "brief.precision=float32",
    "brief.checkpoint_minutes=0", "reading=brief", "words.min_reviews=1",
)  # fmt: skip
GOOD, BAD, DULL = ("superb", "moving", "witty"), ("tedious", "clumsy", "awful"), ("the", "film", "and", "plot", "cast")


def reviews(n: int, seed: int = 0) -> pd.DataFrame:
    """Return reviews with one telling sentence among dull ones; every fifth says nothing of its sentiment."""
    rng = random.Random(seed)
    rows = []
    for number in range(n):
        label = number % 2
        words = DULL if number % 5 == 0 else GOOD if label else BAD
        texts = [" ".join(rng.choices(DULL, k=8)) + "." for _ in range(6)]
        texts.insert(rng.randrange(7), " ".join(rng.choices(words, k=4)) + "!")
        rows.append({"id": f"{number}_{9 * label + 1}", "sentiment": label, "review": " ".join(texts)})
    return pd.DataFrame(rows)


def fitted(context: Context, train: pd.DataFrame, valid: pd.DataFrame, *more: str) -> tuple[BestModel, pd.DataFrame]:
    """Return a model and its validation rows, prepared."""
    config = resolve(IMDB, "best", [*TINY, *more])
    frames = MODELS.prepare(Frames(train=train, test=valid), config, context).frames
    model = MODELS.build(config, frames, context)
    assert isinstance(model, BestModel)
    model.fit(frames.training, frames.test)
    return model, frames.test


# What is read of a review


@given(st.integers(0, 9), st.integers(1, 9), st.integers(0, 30))
def test_of_a_long_review_the_beginning_and_the_end_are_read(head: int, tail: int, length: int) -> None:
    transformer = object.__new__(Transformer)
    transformer.reading = Reading(head_tokens=head, tail_tokens=tail)
    words = [f"w{place}" for place in range(length)]
    transformer.tokenizer = tiny.tokenizer([" ".join(f"w{place}" for place in range(30))])
    [row] = transformer._ids([" ".join(words)])
    expected = words if length <= head + tail else words[:head] + words[length - tail :]
    assert transformer.tokenizer.convert_ids_to_tokens(row) == ["[CLS]", *expected, "[SEP]"]
    assert transformer._ids([]) == []


# The network


def test_padding_changes_no_score() -> None:
    from transformers import AutoModel

    torch.manual_seed(0)
    reader = Reader(AutoModel.from_config(tiny.config(50))).eval()
    rows = [{"input_ids": [1, 7, 9, 2]}, {"input_ids": [1, 5, 2]}, {"input_ids": list(range(1, 30))}]
    with torch.inference_mode():
        together = reader(**padded(rows, pad=0))["logits"]
        alone = [reader(**padded([row], pad=0))["logits"][0] for row in rows]
    assert torch.allclose(together, torch.stack(alone), atol=1e-5)


def test_frozen_layers_stay_as_they_are() -> None:
    from transformers import AutoModel

    reader = Reader(AutoModel.from_config(tiny.config(50)))
    reader.freeze(1)
    reader.drop(0.0)
    moving = {name for name, value in reader.named_parameters() if value.requires_grad}
    assert moving and all(name.startswith(("head.", "encoder.encoder.layer.1.")) for name in moving)
    batch = padded([{"input_ids": [1, 7, 2], "labels": 1.0}], pad=0)
    losses = {reader(**batch)["loss"].item() for _ in range(3)}
    assert len(losses) == 1, "dropout is off"


# The blend


def test_a_blend_trusts_the_part_that_knows() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 500)
    knows, guesses = 2.0 * (2 * labels - 1) + rng.normal(size=500), rng.normal(size=500)
    blend = Blend.learn(np.column_stack([knows, guesses]), labels)
    assert blend.weights[0] > 10 * abs(blend.weights[1])
    calibrated = 1 / (1 + np.exp(-blend(np.column_stack([knows, guesses]))))
    assert abs(calibrated.mean() - labels.mean()) < 0.01
    assert Blend.learn(np.ones((3, 2)), np.ones(3)) == Blend(0.0, (0.5, 0.5))
    assert np.isfinite(log_odds(np.array([0.0, 0.5, 1.0]))).all()


def test_validation_rows_decide_nothing(context: Context, tmp_path: Path) -> None:
    """Labels of the validation rows are turned around: the predictions stay bit for bit the same."""
    train, valid = reviews(150), reviews(40, seed=1)
    first, rows = fitted(context, train, valid)
    (tmp_path / "again").mkdir()
    turned = valid.assign(sentiment=1 - valid["sentiment"])
    second, turned = fitted(replace(context, folder=tmp_path / "again"), train, turned)
    assert (second.predict(turned) == first.predict(rows)).all()


def test_parts_are_not_trained_on_the_rows_that_weigh_them(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    from competitions.imdb.baseline import BaselineModel

    learnt: dict[str, set[str]] = {}
    weighed: list[str] = []
    fit_words, fit_reader, weigh = BaselineModel.fit, Transformer.fit, BestModel._weigh

    def words(self: Any, train: pd.DataFrame, valid: pd.DataFrame) -> None:
        learnt["words"] = set(train["id"])
        fit_words(self, train, valid)

    def reader(self: Any, texts: list[str], *arguments: Any, **options: Any) -> Any:
        learnt["reader"] = set(texts)
        return fit_reader(self, texts, *arguments, **options)

    def blend(self: Any, held: pd.DataFrame) -> None:
        weighed.extend(held["id"])
        assert learnt["reader"].isdisjoint(held["review"])
        weigh(self, held)

    monkeypatch.setattr(BaselineModel, "fit", words)
    monkeypatch.setattr(Transformer, "fit", reader)
    monkeypatch.setattr(BestModel, "_weigh", blend)
    train = reviews(150)
    fitted(context, train, reviews(20, seed=1))
    assert len(weighed) >= 30 and learnt["words"].isdisjoint(weighed)
    assert learnt["words"] | set(weighed) == set(train["id"])


# The whole


def test_doubtful_reviews_are_read_and_a_saved_model_predicts_the_same(
    context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train, valid = reviews(150), reviews(60, seed=1)
    model, valid = fitted(context, train, valid)
    read: list[str] = []
    logits = model.transformer.logits

    def reads(texts: list[str]) -> Any:
        read.extend(texts)
        return logits(texts)

    monkeypatch.setattr(model.transformer, "logits", reads)
    seen = model.predict(valid)
    assert ((seen > 0) & (seen < 1)).all()
    assert 0 < len(read) < len(valid)
    certainty = np.abs(log_odds(model.words.predict(valid)))
    doubtful = valid["review"].isin(read).to_numpy()
    assert certainty[doubtful].max() <= model.limit < certainty[~doubtful].min()

    (tmp_path / "model").mkdir()
    model.save(tmp_path / "model")
    loaded = MODELS.load(tmp_path / "model", model.config, context)
    assert (loaded.predict(valid) == seen).all()
    shuffled = valid.sample(frac=1, random_state=0).assign(id="0_1")
    assert np.allclose(loaded.predict(shuffled), seen[shuffled.index], atol=1e-6), "the id or the order was used"
    suffixes = {path.suffix for path in (tmp_path / "model").rglob("*") if path.is_file()}
    assert suffixes <= {".json", ".safetensors", ".skops", ".npz", ".npy"}


def test_a_reader_of_another_recipe_is_trained_again(context: Context) -> None:
    train, valid = reviews(60), reviews(20, seed=1)
    model, _ = fitted(context, train, valid, "brief.epochs=1")
    assert model.notes["reading"] == "brief"
    notes = context.folder / "reader" / "notes.json"
    notes.write_text(json.dumps({"reading": "whole", "mark": 1}))
    again, _ = fitted(context, train, valid, "brief.epochs=1")
    assert again.notes["reading"] == "brief" and "mark" not in again.notes
    notes.write_text(json.dumps({"reading": "brief", "mark": 1}))
    assert "mark" in fitted(context, train, valid, "brief.epochs=1")[0].notes


def test_everything_is_read_if_that_is_wished(context: Context) -> None:
    model, rows = fitted(context, reviews(60), reviews(20, seed=1), "brief.share=1", "brief.epochs=1")
    assert (np.abs(log_odds(model.words.predict(rows))) <= model.limit).all()


def test_reading_is_what_the_hardware_of_the_first_fold_allows(
    context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from common.environment import Environment
    from competitions.imdb.best import _reading

    best: Any = resolve(IMDB, "best")
    for gpus, expected in (((), "brief"), (("a GPU",), "whole")):
        run = replace(context, run=tmp_path / expected)
        monkeypatch.setattr(Environment, "gpus", lambda self, gpus=gpus: gpus)
        assert _reading(best, run) == expected
        monkeypatch.setattr(Environment, "gpus", lambda self, gpus=gpus: () if gpus else ("a GPU",))
        assert _reading(best, run) == expected, "a run goes on with its own recipe"
    assert _reading(resolve(IMDB, "best", ["reading=brief"]), context) == "brief"  # type: ignore[arg-type]
    assert best.whole.head_tokens + best.whole.tail_tokens + 2 == 512


@pytest.mark.parametrize(
    "change",
    ["brief.tail_tokens=0", "brief.share=0", "brief.rows=0", "held_out=0", "brief.frozen_layers=-1", "reading=all"],
)
def test_settings_out_of_range_are_refused(change: str) -> None:
    from common.errors import SettingError

    with pytest.raises(SettingError):
        resolve(IMDB, "best", [change])


# A run


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    registry.sample("imdb").make(folder, 150, 0)
    return folder


def words(data: Path, out: Path) -> tuple[object, ...]:
    changes = [part for change in TINY for part in ("--set", change)]
    split = ("--set", "split.n_splits=2")
    return ("train", "imdb", "--data", data, "--profile", "best", *changes, *split, "--out", out)


def kill_at_sight(folder: Path, sign: str, command: tuple[object, ...]) -> None:
    """Kill the command as soon as there is a file of that name in the run's folder."""
    process, limit = start(os.environ, *command), time.monotonic() + 120
    while not any(folder.glob(sign)):
        assert process.poll() is None and time.monotonic() < limit, f"{sign} was never there"
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert any(folder.glob(sign)), "the kill came too late: nothing was tested"


def test_killed_in_training_and_after_it_a_run_ends_as_if_undisturbed(
    capsys: pytest.CaptureFixture[str], home: Path, data: Path, tmp_path: Path
) -> None:
    assert kit(capsys, *words(data, tmp_path / "calm")).code == 0
    record = json.loads((tmp_path / "calm" / "run.json").read_text())
    assert record["submission"]["rows"] and set(record["scores"]) == {"roc_auc", "accuracy"}
    for sign in ("fold-0-unfinished/training/checkpoint-*/whole", "fold-0*/**/reader"):
        kill_at_sight(tmp_path / "killed", sign, words(data, tmp_path / "killed"))
    assert kit(capsys, *words(data, tmp_path / "killed")).code == 0
    for name in ("oof.csv", "submission.csv"):
        assert (tmp_path / "killed" / name).read_bytes() == (tmp_path / "calm" / name).read_bytes()

    # And the finished run predicts another test set as it predicted its own.
    again = tmp_path / "again.csv"
    assert kit(capsys, "predict", "imdb", "--run", tmp_path / "calm", "--data", data, "--out", again).code == 0
    assert again.read_bytes() == (tmp_path / "calm" / "submission.csv").read_bytes()
