"""The patent competition: the course's recipe to the letter, our lists, the baseline."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from kit import kit

from common import registry
from common.config import resolve
from common.data.frames import Frames
from common.model import Context
from common.splits.folds import make_folds
from competitions.patent import cpc
from competitions.patent.model import MODELS

if TYPE_CHECKING:
    from competitions.patent.listing import Listing
    from competitions.patent.scorer import Scorer

PATENT = registry.get("patent")


def rows(n: int) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    words = np.array(["valve", "gear", "pump", "cell", "lens"])
    anchors = [f"{words[i % 5]} {words[(i // 5) % 5]}" for i in range(n)]
    targets = [" ".join(rng.choice(words, 2)) for _ in range(n)]
    ids, scores = [f"r{i}" for i in range(n)], rng.integers(0, 5, n) / 4
    return pd.DataFrame({"id": ids, "anchor": anchors, "target": targets, "context": "F16", "score": scores})


def listing(frame: pd.DataFrame, budget: int = 40, seed: int = 1, labels: bool = True) -> Listing:
    from competitions.patent.listing import Listing

    vocabulary = {word: 10 + place for place, word in enumerate(["valve", "gear", "pump", "cell", "lens"])}
    columns = {
        name: [[vocabulary[word] for word in text.split()] for text in frame[name]] for name in ("anchor", "target")
    }
    columns["context"] = [[5, 6]] * len(frame)
    return Listing(
        columns, frame["score"].to_numpy("float32") if labels else None, keys=frame["anchor"].tolist(),
        targets=frame["target"].tolist(), special=(1, 2), budget=(budget, 1), seed=seed,
    )  # fmt: skip


# The course's recipe


def test_the_courses_settings() -> None:
    course: Any = PATENT.profiles["course"]
    assert (course.backbone, course.batch_size, course.eval_batch_size) == ("microsoft/deberta-v3-small", 128, 256)
    assert (course.epochs, course.learning_rate, course.warmup, course.weight_decay) == (4, 8e-5, 0.1, 0.01)


def test_the_courses_split_is_the_courses_rows() -> None:
    from datasets import Dataset

    frame = rows(203)
    split = resolve(PATENT, "course").split
    assert split is not None
    theirs = Dataset.from_pandas(frame).train_test_split(0.25, seed=42)["test"]["id"]
    assert set(frame["id"][make_folds(frame, split) == 0]) == set(theirs)


def test_the_courses_text_and_arguments(context: Context, tmp_path: Path) -> None:
    import torch

    from competitions.patent.pairs import texts

    assert texts(rows(3))[0] == f"TEXT1: F16; TEXT2: {rows(3)['target'][0]}; ANC1: valve valve"
    config = resolve(PATENT, "course", ["backbone=tiny-random"])
    frames = MODELS.prepare(Frames(train=rows(20), test=rows(5)), config, context).frames
    made: Any = MODELS.build(config, frames, context)
    made.network = made.pretrained()
    arguments = made.trainer(tmp_path).args
    seen = {
        name: getattr(arguments, name) for name in ("lr_scheduler_type", "per_device_train_batch_size", "max_grad_norm")
    }
    assert seen == {"lr_scheduler_type": "cosine", "per_device_train_batch_size": 128, "max_grad_norm": 1.0}
    assert made.network.config.num_labels == 1
    assert arguments.fp16 is torch.cuda.is_available() and arguments.bf16 is False


# Our lists


def test_every_row_stands_in_one_sequence_in_every_order() -> None:
    frame = rows(60)
    for budget in (6, 40, 1000):
        lists = listing(frame, budget)
        for epoch in range(3):
            found = np.concatenate([lists.rows(epoch, number) for number in range(len(lists))])
            assert sorted(found) == list(range(60))


def test_a_sequence_holds_anchor_context_and_targets_where_it_says() -> None:
    frame = rows(60)
    lists = listing(frame)
    item = lists[(0, 0)]
    members = lists.rows(0, 0)
    ids = item["input_ids"]
    assert ids[0] == 1 and ids[slice(*item["anchor"])] == lists.columns["anchor"][members[0]]
    for row, span, label in zip(members, item["spans"], item["labels"], strict=True):
        assert ids[slice(*span)] == lists.columns["target"][row]
        assert label == np.float32(frame["score"][row])
        assert frame["anchor"][row] == frame["anchor"][members[0]]


def test_orders_change_with_the_epoch_and_not_with_the_file() -> None:
    frame = rows(60).drop_duplicates(["anchor", "target"]).reset_index(drop=True)
    turned = frame[::-1].reset_index(drop=True)
    lists, other = listing(frame, 1000), listing(turned, 1000)
    orders = {tuple(frame["id"][lists.rows(epoch, 0)]) for epoch in range(5)}
    assert len(orders) > 1
    by_anchor = {frame["anchor"][lists.rows(0, n)[0]]: list(frame["id"][lists.rows(0, n)]) for n in range(len(lists))}
    assert by_anchor == {
        turned["anchor"][other.rows(0, n)[0]]: list(turned["id"][other.rows(0, n)]) for n in range(len(other))
    }


def test_no_order_of_long_targets_passes_512_positions() -> None:
    from competitions.patent.listing import Listing

    frame = rows(60).assign(anchor="valve pump")
    lists = listing(frame, 160)
    lists_columns = dict(lists.columns)
    lists_columns["target"] = [[7] * (96 if row % 3 else 2) for row in range(60)]
    long = Listing(
        lists_columns, None, keys=frame["anchor"].tolist(), targets=frame["target"].tolist(), special=(1, 2),
        budget=(160, 24), seed=1,
    )  # fmt: skip
    longest = max(len(long[(epoch, number)]["input_ids"]) for epoch in range(5) for number in range(len(long)))
    assert 160 < longest <= 512
    assert len(long) < 60


def test_weights_in_half_precision_are_trained_in_single(context: Context, tmp_path: Path) -> None:
    import torch
    from transformers import AutoModelForSequenceClassification

    from common.huggingface import tiny
    from common.huggingface.tokens import keep_encoder, kept_encoder

    tokenizer = tiny.tokenizer(["valve pump"])
    tokenizer.save_pretrained(tmp_path / "half")
    network = AutoModelForSequenceClassification.from_config(tiny.config(len(tokenizer), num_labels=1))
    network.half().save_pretrained(tmp_path / "half")
    config = resolve(PATENT, "course", [f"backbone={tmp_path / 'half'}"])
    frames = MODELS.prepare(Frames(train=rows(5), test=rows(5)), config, context).frames
    made: Any = MODELS.build(config, frames, context)
    assert {value.dtype for value in made.pretrained().parameters()} == {torch.float32}
    keep_encoder(str(tmp_path / "half"), 0, context)
    assert {value.dtype for value in kept_encoder(context).parameters()} == {torch.float32}


def test_batches_are_padded_and_read_back_by_row() -> None:
    from competitions.patent.listing import IGNORED, Collator, InOrder

    frame = rows(60)
    lists = listing(frame)
    ordered = InOrder(lists, 1)
    batch = Collator(0)([ordered[place] for place in range(len(ordered))])
    assert batch["input_ids"].shape[1] % 16 == 0
    assert (batch["input_ids"][batch["attention_mask"] == 0] == 0).all()
    members, labels = ordered.by_row(batch["labels"].numpy())
    assert np.allclose(labels, frame["score"][members])
    assert IGNORED not in labels


def scorer(weight: float = 0.3) -> Scorer:
    import torch
    from transformers import AutoModel

    from common.huggingface import tiny
    from competitions.patent.scorer import Scorer

    torch.manual_seed(0)
    return Scorer(AutoModel.from_config(tiny.config(30), add_pooling_layer=False), weight).eval()


def test_padding_does_not_change_a_score() -> None:
    import torch

    from competitions.patent.listing import Collator

    lists, network, collate = listing(rows(60), labels=False), scorer(), Collator(0)
    items = [lists[(0, number)] for number in range(len(lists))]
    together = network(**collate(items))["logits"]
    for number, item in enumerate(items):
        alone = network(**collate([item]))["logits"][0]
        assert torch.allclose(together[number, : len(item["spans"])], alone[: len(item["spans"])], atol=1e-5)


def test_the_loss_is_cross_entropy_and_pearson_over_known_labels() -> None:
    import torch

    from competitions.patent.listing import IGNORED
    from competitions.patent.scorer import loss

    logits, labels = torch.tensor([[0.3, -1.0, 9.0]]), torch.tensor([[1.0, 0.25, IGNORED]])
    p = torch.sigmoid(logits[0, :2])
    known = labels[0, :2]
    cross = -(known * p.log() + (1 - known) * (1 - p).log()).mean()
    assert torch.allclose(loss(logits, labels, 0.5), cross + 0.5 * (1 - 1.0), atol=1e-2)
    assert torch.allclose(loss(logits, labels, 0.0), cross, atol=1e-6)
    assert torch.isfinite(loss(torch.zeros(1, 3), torch.full((1, 3), 0.5), 1.0))


def test_a_saved_scorer_scores_the_same(tmp_path: Path) -> None:
    import torch

    from competitions.patent.listing import Collator
    from competitions.patent.scorer import Scorer

    lists, network = listing(rows(30), labels=False), scorer()
    batch = Collator(0)([lists[(0, 0)]])
    network.save(tmp_path)
    again = Scorer.load(tmp_path).eval()
    assert torch.equal(again(**batch)["logits"], network(**batch)["logits"])
    assert not list(tmp_path.glob("*.bin")) + list(tmp_path.glob("*.pt")) + list(tmp_path.glob("*.pkl"))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, sample_data: Path) -> Path:
    """A run of the sample profile, one fold."""
    from common.environment import OVERRIDE, detect
    from common.pipeline.request import Request
    from common.pipeline.steps import run as train
    from common.progress import Progress

    folder = tmp_path_factory.mktemp("run")
    config = resolve(PATENT, "sample", ["epochs=12"], folds=(0,))
    here = detect({OVERRIDE: f"root={folder} internet=off"})
    train(
        Request(
            competition=PATENT, profile="sample", config=config, data=sample_data, environment=here,
            progress=Progress(), out=folder / "run",
        )
    )  # fmt: skip
    return folder / "run"


def predicted(run: Path, frame: pd.DataFrame) -> pd.Series:
    from common.environment import OVERRIDE, detect
    from common.pipeline.inference import predict
    from common.progress import Progress

    here = detect({OVERRIDE: f"root={run.parent} internet=off"})
    made = predict(PATENT, run, Frames(train=None, test=frame), here, Progress())
    return made.set_index("id")["score"]


@pytest.mark.slow
def test_the_run_learnt_something(run: Path) -> None:
    oof = pd.read_csv(run / "oof.csv").dropna(subset=["prediction"])
    assert np.corrcoef(oof["target"], oof["prediction"])[0, 1] > 0.3


@pytest.mark.slow
def test_nothing_is_learnt_from_size_order_or_ids_of_the_test_set(run: Path, sample_data: Path) -> None:
    test = pd.read_csv(sample_data / "test.csv", dtype=str).drop_duplicates(["anchor", "target"], ignore_index=True)
    whole = predicted(run, test)
    assert len(whole) == len(test) and whole.between(0, 1).all()
    turned = test[::-1].reset_index(drop=True)
    assert np.allclose(predicted(run, turned)[whole.index], whole, atol=1e-5)
    renamed = test.assign(id=[f"x{number}" for number in range(len(test))])
    assert np.allclose(predicted(run, renamed), whole.loc[test["id"]], atol=1e-5)
    first = test[test["anchor"] == test["anchor"][0]].reset_index(drop=True)
    assert np.allclose(predicted(run, first), whole.loc[first["id"]], atol=1e-5)
    assert len(predicted(run, test[:1])) == 1


@pytest.mark.slow
def test_the_hidden_rerun_needs_neither_training_data_nor_backbone(
    run: Path, sample_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], home: Path
) -> None:
    (tmp_path / "test.csv").write_bytes((sample_data / "test.csv").read_bytes())
    said = kit(capsys, "predict", "patent", "--run", run, "--data", tmp_path, "--out", tmp_path / "submission.csv")
    assert said.code == 0
    trained = pd.read_csv(run / "submission.csv", index_col="id")["score"]
    assert np.allclose(
        pd.read_csv(tmp_path / "submission.csv", index_col="id")["score"][trained.index], trained, atol=1e-6
    )


# The baseline and the rest


def test_the_baseline_repeats_itself_and_is_saved_without_code(
    sample_data: Path, context: Context, tmp_path: Path
) -> None:
    frame = pd.read_csv(sample_data / "train.csv")
    config = resolve(PATENT, "baseline", ["trees.max_iter=20", "trees.components=8"])
    frames = Frames(train=frame, test=frame)
    first, second = (MODELS.build(config, frames, context) for _ in range(2))
    for made in (first, second):
        made.fit(frame, frame)
    expected = first.predict(frame)
    assert np.array_equal(expected, second.predict(frame))
    first.save(tmp_path)
    assert np.array_equal(MODELS.load(tmp_path, config, context).predict(frame), expected)
    assert np.isfinite(first.predict(frame[:1])).all()


def test_shares_of_words_count_each_group_alone() -> None:
    from competitions.patent.baseline import sibling_fraction

    targets = pd.Series(["3d", "d", "d x", "d"])
    assert sibling_fraction(targets, np.array(["1", "13", "13", "1"]), 0).tolist() == [0.5, 1.0, 1.0, 0.5]


def test_titles_of_contexts() -> None:
    assert cpc.title("H04") == cpc.CLASSES["H04"]
    assert cpc.title("H98") == cpc.SECTIONS["H"]
    assert cpc.title("?") == "?"
    assert all(code[0] in cpc.SECTIONS for code in cpc.CLASSES)


@pytest.mark.slow
def test_the_courses_random_split_is_warned_of(
    sample_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], home: Path
) -> None:
    quick = ("--profile", "baseline", "--set", "trees.max_iter=5", "--data", sample_data)
    random = ("--set", "split.kind=random", "--set", "split.holdout=0.25")
    assert "leaks" in kit(capsys, "train", "patent", *quick, *random, "--out", tmp_path / "a").err
    assert "leaks" not in kit(capsys, "train", "patent", *quick, "--out", tmp_path / "b").err
