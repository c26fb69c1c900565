"""Measure ULMFiT's training against the course's recipe as written: the same words, the same steps, one run.

    python benchmarks/text_training.py [--data DIR] [--batches 8] [--only classifier]

The course's side is fastai's learner with fastai's loaders and precision for this machine; the kit's is what profile
`course` trains with. Both start from the same weights, see the same reviews and go through the same phases: the language
model an epoch with all layers learning, the classifier its gradual unfreezing. Seconds are those of training alone. In
the end both networks are measured by fastai's float32 network on the same reviews, which neither has seen. The sides
take turns, since others may use the machine. Prints one JSON line per measurement. Without data it says so and ends.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
VOCABULARY_REVIEWS = 25_000  # which make the vocabulary: the product with it is most of the work
TURNS = 2


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data" / "imdb")
    parser.add_argument("--batches", type=int, default=8, help="of 128 x 80 words for the language model")
    parser.add_argument("--only", default="", help="language model or classifier")
    arguments = parser.parse_args()
    from common import data, registry

    if data.locate(arguments.data, registry.get("imdb").files.train) is None:
        sys.exit(f"skipped: no reviews in {arguments.data}; give --data")
    with tempfile.TemporaryDirectory() as cache:
        corpus, labels = read(arguments.data, Path(cache))
        for name, part in (("language model", language_model), ("classifier", classifier)):
            if arguments.only in name:
                part(corpus, labels, arguments.batches)


def language_model(corpus: Any, labels: Any, batches: int) -> None:
    """Compare the second stage, all layers learning."""
    import numpy as np

    import common.fastai  # noqa: F401  # first of all: it imports fastai without that one's warnings

    # isort: split
    from competitions.imdb.batches import Windows
    from fastai.text.all import AWD_LSTM, DataLoaders, LMDataLoader, language_model_learner, tensor

    from common.fastai.phases import Phase
    from competitions.imdb import network

    config = course()
    enough = np.searchsorted(np.cumsum(corpus.lengths), (batches - 0.5) * 128 * 80)
    train, valid = np.arange(enough), np.arange(enough, enough + 60)

    def theirs() -> Any:
        texts = [[tensor(corpus.ids(row).astype(np.int64)) for row in rows] for rows in (train, valid)]
        loaders = [LMDataLoader([(text,) for text in part], lens=list(map(len, part)), bs=bs, seq_len=80, shuffle=first)
                   for part, bs, first in ((texts[0], 128, True), (texts[1], 16, False))]  # fmt: skip
        dls = DataLoaders(*loaders)
        dls.vocab = list(corpus.vocabulary.tokens)
        return language_model_learner(dls, AWD_LSTM, drop_mult=0.3, pretrained=False)

    def ours() -> Any:
        loaders = [Windows(corpus, rows, bs, 80, seed=seed, backwards=False)
                   for rows, bs, seed in ((train, 128, 1), (valid, 16, None))]  # fmt: skip
        return network.learner(config, network.language_model(config, len(corpus.vocabulary)), *loaders)

    compare("language model", theirs, ours, [Phase(epochs=1, rate=2e-3)], words=int(corpus.lengths[train].sum()))


def classifier(corpus: Any, labels: Any, batches: int) -> None:
    """Compare the third stage, unfrozen from the head downwards."""
    import numpy as np

    import common.fastai  # noqa: F401  # first of all: it imports fastai without that one's warnings

    # isort: split
    from competitions.imdb.batches import Reviews
    from competitions.imdb.classifier import planned
    from fastai.text.all import AWD_LSTM, DataLoaders, SortedDL, TensorText, tensor, text_classifier_learner
    from fastai.text.data import Pad_Chunk

    from competitions.imdb import network

    config = course()
    size = 64 * max(1, batches // 3)
    train, valid = np.arange(size), np.arange(size, size + 64)

    def theirs() -> Any:
        loaders = []
        for rows, first in ((train, True), (valid, False)):
            items = [(TensorText(corpus.ids(row).astype(np.int64)), tensor(int(labels[row]))) for row in rows]
            loaders.append(
                SortedDL(
                    items, res=list(corpus.lengths[rows]), bs=64, shuffle=first, before_batch=Pad_Chunk(seq_len=72)
                )
            )
        dls = DataLoaders(*loaders)
        dls.vocab = list(corpus.vocabulary.tokens)
        return text_classifier_learner(dls, AWD_LSTM, drop_mult=0.5, pretrained=False, n_out=2, loss_func=loss())

    def ours() -> Any:
        loaders = [Reviews([corpus.ids(row) for row in rows], labels[rows], 64, 72, seed=seed, backwards=False)
                   for rows, seed in ((train, 1), (valid, None))]  # fmt: skip
        return network.learner(config, network.classifier(config, len(corpus.vocabulary)), *loaders)

    compare("classifier", theirs, ours, planned(config.classifier), words=int(corpus.lengths[train].sum()))


def compare(name: str, theirs: Any, ours: Any, phases: Sequence[Any], *, words: int) -> None:
    """Train both sides in turns, and measure both with the course's network."""
    import torch

    seconds: dict[str, list[list[float]]] = {"course": [], "kit": []}
    losses: dict[str, list[float]] = {"course": [], "kit": []}
    for turn in range(TURNS):
        judge = theirs()  # its valid loader and its float32 network measure both
        torch.manual_seed(turn)
        start = {key: value.clone() for key, value in judge.model.state_dict().items()}
        for side, make in (("course", theirs), ("kit", ours)):
            learn = make()
            learn.model.load_state_dict(start)
            torch.manual_seed(turn)
            seconds[side].append([trained(learn, phase) for phase in phases])
            judge.model.load_state_dict(learn.model.state_dict())
            with judge.no_bar(), judge.no_logging():
                losses[side].append(float(judge.validate()[0]))
    read = words * sum(phase.epochs for phase in phases)
    best = {side: [min(turns) for turns in zip(*spent, strict=True)] for side, spent in seconds.items()}
    for side, spent in best.items():
        report(
            f"{name} {side}", words=read, seconds=[round(value, 1) for value in spent],
            words_per_s=round(read / sum(spent), 1), valid_loss=[round(value, 4) for value in losses[side]],
        )  # fmt: skip
    by_phase = [round(course / kit, 2) for course, kit in zip(best["course"], best["kit"], strict=True)]
    report(f"{name} ratio", ratio=round(sum(best["course"]) / sum(best["kit"]), 2), of_each_phase=by_phase)


def trained(learn: Any, phase: Any) -> float:
    """Train the last groups of layers, as a phase has it; returns the seconds of its batches."""
    from fastai.callback.core import Callback

    class Clock(Callback):
        def before_train(self) -> None:
            self.started = perf_counter()

        def after_train(self) -> None:
            self.learn.seconds += perf_counter() - self.started

    learn.seconds = 0.0
    learn.freeze_to(-phase.groups if phase.groups else 0)
    with learn.no_bar(), learn.no_logging():
        learn.fit_one_cycle(phase.epochs, phase.rates, cbs=Clock())
    return float(learn.seconds)


def loss() -> Any:
    """Return the course's loss of labels."""
    from fastai.losses import CrossEntropyLossFlat

    return CrossEntropyLossFlat()


def course() -> Any:
    """Return the settings of profile `course`."""
    from common import registry

    return registry.get("imdb").profile("course")


def read(folder: Path, cache: Path) -> tuple[Any, Any]:
    """Return labelled reviews as ids, and their labels."""
    from common import data, registry
    from common.text import numericalise

    table = data.read(registry.get("imdb"), folder).training
    corpus = numericalise(table["review"].tolist()[:VOCABULARY_REVIEWS], cache=cache)
    return corpus, table["sentiment"].to_numpy().astype("int64")


def report(measurement: str, **values: Any) -> None:
    """Print one line."""
    print(json.dumps({"measurement": measurement, **values}), flush=True)


if __name__ == "__main__":
    main()
