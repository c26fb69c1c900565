"""What all folds of the recipe share: the reviews as ids, and the encoder."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common import processes
from common.data.frames import Frames
from common.errors import RunError
from common.files import atomic_folder
from common.model import Context, Prepared
from competitions.imdb import encoder
from competitions.imdb.competition import Ulmfit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pandas import DataFrame

    from common.fastai.learner import RateSearch
    from common.text import Corpus, Vocabulary

IDS = "ids"


def prepare(frames: Frames, config: Ulmfit, context: Context) -> Prepared:
    """Return the frames with the ids of each review; trains the language model if the run has no encoder yet.

    Raises:
        RunError: if only the classifier is asked for, and there is no encoder.
        BackboneError: if the encoder is damaged, or does not fit the settings.
    """
    folder = context.run / encoder.NAME
    if config.encoder is not None and not processes.agree(folder.is_dir()):
        _take(config, folder, context)
    if not _trained(folder, context):
        if context.stage == config.stages[-1] or frames.train is None:
            raise RunError(
                f"{context.run} has no encoder yet: run --stage {config.stages[0]} first, with the same settings, or give "
                "--set encoder=RUN of another run, its folder or an attached input"
            )
        from competitions.imdb import language_model

        language_model.train(config, corpus(frames, config, context), _stage_context(context, config.stages[0]))
    found = encoder.read(folder)
    encoder.require_fit(found, network=config.network, vocabulary=None, backwards=config.backwards)
    notes = {config.stages[0]: {name: found.record[name] for name in found.record if name != "files"}}
    if context.stage != config.stages[0]:
        frames = with_ids(frames, config, context, found.vocabulary)
    return Prepared(frames, notes)


def find_rate(frames: Frames, config: Ulmfit, context: Context) -> RateSearch:
    """Try ever larger learning rates: on the language model, or with an `encoder` on the classifier of the first fold."""
    from common import splits
    from common.fastai.learner import find_rate

    if config.encoder is None:
        from competitions.imdb import language_model

        learn, _ = language_model.learner(config, corpus(frames, config, context), context)
    else:
        from competitions.imdb.classifier import UlmfitModel

        assert config.split is not None  # noqa: S101  it is filled in by then
        frames = prepare(frames, config, context).frames
        folds = splits.make_folds(frames.training, config.split)
        train, valid = splits.train_and_valid(folds, int(folds[folds >= 0].min()), config.split)
        learn = UlmfitModel(config, context).learner(frames.training[train], frames.training[valid])
        learn.freeze_to(-1)
    learn.path = context.folder  # where the weights wait meanwhile
    return find_rate(learn, context)


def corpus(frames: Frames, config: Ulmfit, context: Context, vocabulary: Vocabulary | None = None) -> Corpus:
    """Return the ids of all reviews, those to train on first, then those to predict, then those without a label."""
    from common.text import numericalise

    texts = [text for frame in _all(frames) for text in frame["review"]]

    def made(known: Vocabulary | None) -> Corpus:
        return numericalise(
            texts, cache=context.cache, settings=config.text, vocabulary=known, progress=context.progress
        )

    if vocabulary is None or frames.train is None:
        return _main_first(lambda: made(vocabulary))
    own = _main_first(lambda: made(None))  # which the language model has been trained on, as a rule
    return own if own.vocabulary.digest == vocabulary.digest else _main_first(lambda: made(vocabulary))


def with_ids(frames: Frames, config: Ulmfit, context: Context, vocabulary: Vocabulary) -> Frames:
    """Return the frames with a column of ids in train and test: views of one memory map."""
    found = corpus(frames, config, context, vocabulary)
    made, first = [], 0
    for frame in _all(frames)[: 1 if frames.train is None else 2]:
        views = [found.ids(first + row) for row in range(len(frame))]
        made.append(frame.assign(**{IDS: _objects(views)}))
        first += len(frame)
    return replace(frames, train=None if frames.train is None else made[0], test=made[-1])


def _all(frames: Frames) -> list[DataFrame]:
    known = [frames.test] if frames.train is None else [frames.train, frames.test]
    return [*known, *frames.extra.values()]


def _objects(views: Sequence[Any]) -> Any:
    import numpy as np

    column = np.empty(len(views), dtype=object)
    column[:] = views
    return column


def _trained(folder: Path, context: Context) -> bool:
    """Whether the run's encoder is there, and nobody asks for the rest of its training."""
    if not processes.agree(folder.is_dir()):
        return False
    begun = any(context.run.glob("fold-*"))
    cut = encoder.read(folder).record.get("stopped_early")
    return not (cut and context.stage == "language-model" and not begun)


def _take(config: Ulmfit, folder: Path, context: Context) -> None:
    """Copy an encoder into the run, which is then complete in itself."""
    found = encoder.read(encoder.find(str(config.encoder), context.environment))
    encoder.require_fit(found, network=config.network, vocabulary=None, backwards=config.backwards)
    context.progress.say(f"encoder: {found.folder} ({len(found.vocabulary):,} words)")
    if processes.is_main():
        with atomic_folder(folder) as part:
            shutil.copytree(found.folder, part, dirs_exist_ok=True)
    processes.wait()


def _stage_context(context: Context, stage: str) -> Context:
    """Return the context of a stage, whose checkpoints lie beside the folds'."""
    folder = context.run / f"{stage}-unfinished"
    folder.mkdir(exist_ok=True)
    return replace(context, folder=folder, title=stage)


def _main_first(make: Callable[[], Corpus]) -> Corpus:
    """Return what the main process makes and the others then find in the cache."""
    made = make() if processes.is_main() else None
    processes.wait()
    return made or make()
