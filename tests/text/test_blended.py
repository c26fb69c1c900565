"""N-grams and a transformer: what is read of a text, which texts are read, and the weights of the blend."""

from __future__ import annotations

import json
import random
import signal
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from forks import Command, Forks
from hypothesis import given
from hypothesis import strategies as st
from kit import context_at, kit
from transformers import DataCollatorWithPadding

from common import registry
from common.config import resolve
from common.data.frames import Frames
from common.environment import Environment
from common.errors import SettingError
from common.huggingface import tiny
from common.huggingface.tokens import keep_tokenizer
from common.model import Context
from common.text import TextTask
from common.text.blended import NOTES, TRANSFORMER, BlendedModel, chosen_recipe
from common.text.linear import NGramsModel
from common.text.settings import TransformerSettings
from common.text.stacking import Stacking
from common.text.transformer import Transformer
from common.text.transformer_network import TransformerClassifier
from competitions.imdb.model import MODELS, TASK

IMDB = registry.get("imdb")
TINY = (
    "backbone=tiny-random", "cpu.head_tokens=8", "cpu.tail_tokens=16", "cpu.fraction=0.5", "cpu.rows=80",
    "cpu.frozen_layers=1", "cpu.epochs=2", "cpu.learning_rate=0.002", "cpu.batch_size=8", "cpu.precision=float32",
    "cpu.checkpoint_minutes=0", "recipe=cpu", "ngrams.min_df=1",
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


def fitted(context: Context, train: pd.DataFrame, valid: pd.DataFrame, *more: str) -> tuple[BlendedModel, pd.DataFrame]:
    """Return a model and its validation rows, prepared."""
    config = resolve(IMDB, "best", [*TINY, *more])
    frames = MODELS.prepare(Frames(train=train, test=valid), config, context).frames
    model = MODELS.build(config, frames, context)
    assert isinstance(model, BlendedModel)
    model.fit(frames.training, frames.test)
    return model, frames.test


# What is read of a review


@given(st.integers(0, 9), st.integers(1, 9), st.integers(0, 30))
def test_of_a_long_text_the_beginning_and_the_end_are_read(head: int, tail: int, length: int) -> None:
    with TemporaryDirectory() as folder:
        context = context_at(Path(folder))
        every = [f"w{place}" for place in range(30)]
        keep_tokenizer(tiny.NAME, [" ".join(every)], context)
        transformer = Transformer(TASK, TransformerSettings(head_tokens=head, tail_tokens=tail), 0, context)
    words = every[:length]
    [row] = transformer.ids(pd.DataFrame({"review": [" ".join(words)]}))
    expected = words if length <= head + tail else words[:head] + words[length - tail :]
    assert transformer.tokenizer.convert_ids_to_tokens(row) == ["[CLS]", *expected, "[SEP]"]
    assert transformer.ids(pd.DataFrame({"review": []})) == []


# The network


def network(outputs: int) -> TransformerClassifier:
    from transformers import AutoModel

    torch.manual_seed(0)
    classes = tuple(range(outputs + 1)) if outputs == 1 else tuple(range(outputs))
    task = TextTask(target="y", texts=("text",), classes=classes, names=tuple(map(str, classes)))
    return TransformerClassifier(AutoModel.from_config(tiny.config(50)), task)


@pytest.mark.parametrize("outputs", [1, 3])
def test_padding_changes_no_output(outputs: int) -> None:
    made = network(outputs).eval()
    rows = [{"input_ids": [1, 7, 9, 2]}, {"input_ids": [1, 5, 2]}, {"input_ids": list(range(1, 30))}]
    collate = DataCollatorWithPadding(tiny.tokenizer(["one two"]))
    with torch.inference_mode():
        together = made(**collate(rows))["logits"]
        alone = [made(**collate([row]))["logits"][0] for row in rows]
    assert together.shape == (3, outputs)
    assert torch.allclose(together, torch.stack(alone), atol=1e-5)


def test_frozen_layers_stay_as_they_are() -> None:
    made = network(1)
    made.freeze(1)
    made.drop(0.0)
    moving = {name for name, value in made.named_parameters() if value.requires_grad}
    assert moving and all(name.startswith(("head.", "encoder.encoder.layer.1.")) for name in moving)
    batch = DataCollatorWithPadding(tiny.tokenizer(["one two"]))([{"input_ids": [1, 7, 2], "labels": [1.0]}])
    losses = {made(**batch)["loss"].item() for _ in range(3)}
    assert len(losses) == 1, "dropout is off"


# The blend


def test_a_blend_trusts_the_part_that_knows() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, (500, 1))
    knows, guesses = 2.0 * (2 * labels - 1) + rng.normal(size=(500, 1)), rng.normal(size=(500, 1))
    parts = np.stack([knows, guesses], axis=-1)
    blend = Stacking.learn(parts, labels, classes=True)
    assert blend.weights[0] > 10 * abs(blend.weights[1])
    calibrated = 1 / (1 + np.exp(-blend(parts)))
    assert calibrated.shape == (500, 1) and abs(calibrated.mean() - labels.mean()) < 0.01
    assert Stacking.learn(np.ones((3, 1, 2)), np.ones((3, 1)), classes=True) == Stacking(0.0, (0.5, 0.5))


def test_a_blend_of_numbers_puts_their_units_right() -> None:
    rng = np.random.default_rng(0)
    numbers = rng.normal(50, 20, (200, 1))
    parts = np.stack([(numbers - 50) / 20, rng.normal(size=(200, 1))], axis=-1)
    assert np.allclose(Stacking.learn(parts, numbers, classes=False)(parts), numbers)


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> tuple[Context, BlendedModel, pd.DataFrame]:
    """A model that is trained on 150 reviews, and 60 rows to validate."""
    context = context_at(tmp_path_factory.mktemp("first"), title="fold 0")
    return context, *fitted(context, reviews(150), reviews(60, seed=1))


@pytest.mark.slow
def test_validation_rows_decide_nothing(first: tuple[Context, BlendedModel, pd.DataFrame], tmp_path: Path) -> None:
    """Labels of the validation rows are turned around: the predictions stay bit for bit the same."""
    context, model, rows = first
    turned = rows.assign(sentiment=1 - rows["sentiment"])
    second, again = fitted(replace(context, folder=tmp_path), reviews(150), turned)
    assert (second.predict(again) == model.predict(rows)).all()


@pytest.mark.slow
def test_parts_are_not_trained_on_the_rows_that_weigh_them(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    learnt: dict[str, set[str]] = {}
    fit_ngrams, fit_transformer, learn = NGramsModel.fit, Transformer.fit, Stacking.learn
    weighed = 0

    def ngrams(self: Any, train: pd.DataFrame, valid: pd.DataFrame) -> None:
        learnt["ngrams"] = set(train["id"])
        fit_ngrams(self, train, valid)

    def transformer(self: Any, train: pd.DataFrame, **options: Any) -> Any:
        learnt["transformer"] = set(train["id"])
        return fit_transformer(self, train, **options)

    def blend(outputs: Any, targets: Any, **options: Any) -> Stacking:
        nonlocal weighed
        weighed = max(weighed, len(targets))
        return learn(outputs, targets, **options)

    monkeypatch.setattr(NGramsModel, "fit", ngrams)
    monkeypatch.setattr(Transformer, "fit", transformer)
    monkeypatch.setattr(Stacking, "learn", blend)
    train = reviews(150)
    fitted(context, train, reviews(20, seed=1), "cpu.rows=none")
    assert learnt["ngrams"] == learnt["transformer"] < set(train["id"])
    assert weighed == len(train) - len(learnt["ngrams"]) >= 30


# The whole


@pytest.mark.slow
def test_doubtful_texts_are_read_and_a_saved_model_predicts_the_same(
    first: tuple[Context, BlendedModel, pd.DataFrame], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, model, valid = first
    read: list[str] = []
    outputs = model.transformer.outputs

    def reads(frame: pd.DataFrame) -> Any:
        read.extend(frame["review"])
        return outputs(frame)

    monkeypatch.setattr(model.transformer, "outputs", reads)
    seen = model.predict(valid)
    assert ((seen > 0) & (seen < 1)).all()
    assert 0 < len(read) < len(valid)
    certainty = np.abs(model.ngrams.outputs(valid)[:, 0])
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


@pytest.mark.slow
def test_a_transformer_of_another_recipe_is_trained_again(context: Context) -> None:
    train, valid = reviews(60), reviews(20, seed=1)
    model, _ = fitted(context, train, valid, "cpu.epochs=1")
    assert model.notes["recipe"] == "cpu"
    notes = context.folder / TRANSFORMER / NOTES
    notes.write_text(json.dumps({"recipe": "gpu", "mark": 1}))
    again, _ = fitted(context, train, valid, "cpu.epochs=1")
    assert again.notes["recipe"] == "cpu" and "mark" not in again.notes
    notes.write_text(json.dumps({"recipe": "cpu", "mark": 1}))
    assert "mark" in fitted(context, train, valid, "cpu.epochs=1")[0].notes


@pytest.mark.slow
def test_everything_is_read_if_that_is_requested(context: Context) -> None:
    model, rows = fitted(context, reviews(60), reviews(20, seed=1), "cpu.fraction=1", "cpu.epochs=1")
    assert (np.abs(model.ngrams.outputs(rows)) <= model.limit).all()


def test_the_recipe_is_what_the_hardware_of_the_first_fold_allows(
    context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    best: Any = resolve(IMDB, "best")
    for gpus, expected in (((), "cpu"), (("a GPU",), "gpu")):
        run = replace(context, run=tmp_path / expected)
        monkeypatch.setattr(Environment, "gpus", lambda self, gpus=gpus: gpus)
        assert chosen_recipe(best, run) == expected
        monkeypatch.setattr(Environment, "gpus", lambda self, gpus=gpus: () if gpus else ("a GPU",))
        assert chosen_recipe(best, run) == expected, "a run goes on with its own recipe"
    assert chosen_recipe(resolve(IMDB, "best", ["recipe=cpu"]), context) == "cpu"  # type: ignore[arg-type]
    assert best.gpu.head_tokens + best.gpu.tail_tokens + 2 == 512


@pytest.mark.parametrize(
    "change",
    ["cpu.tail_tokens=0", "cpu.fraction=0", "cpu.rows=0", "held_out=0", "cpu.frozen_layers=-1", "recipe=all"],
)
def test_settings_out_of_range_are_refused(change: str) -> None:
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


@pytest.mark.slow
def test_killed_in_training_and_after_it_a_run_ends_as_if_undisturbed(
    capsys: pytest.CaptureFixture[str], forks: Forks, home: Path, data: Path, tmp_path: Path
) -> None:
    assert kit(capsys, *words(data, tmp_path / "calm")).code == 0
    record = json.loads((tmp_path / "calm" / "run.json").read_text())
    assert record["submission"]["rows"] and set(record["scores"]) == {"roc_auc", "accuracy"}
    killed = tuple(map(str, words(data, tmp_path / "killed")))
    for sign, change, left in (
        ("fold-0-unfinished/training/checkpoint-*/whole", 3, "training/checkpoint-*/whole"),
        (".fold-0.*", 1, "transformer"),
    ):
        files = f"{tmp_path}/killed/{sign}"
        (ended,) = forks.run(Command(words=killed, signal=signal.SIGKILL, change=change, files=files))
        assert ended.code == -signal.SIGKILL, ended.err
        assert list(tmp_path.glob(f"killed/fold-0-unfinished/{left}"))
    assert kit(capsys, *killed).code == 0
    for name in ("oof.csv", "submission.csv"):
        assert (tmp_path / "killed" / name).read_bytes() == (tmp_path / "calm" / name).read_bytes()

    # And the finished run predicts another test set as it predicted its own.
    again = tmp_path / "again.csv"
    assert kit(capsys, "predict", "imdb", "--run", tmp_path / "calm", "--data", data, "--out", again).code == 0
    assert again.read_bytes() == (tmp_path / "calm" / "submission.csv").read_bytes()
