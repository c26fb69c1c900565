"""What all folds of the recipe share: the texts as ids, and the encoder."""

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
from common.text.settings import Ulmfit
from common.text.task import TextTask
from common.text.tokens.corpus import Corpus, numericalise
from common.text.tokens.vocabulary import Vocabulary
from common.text.ulmfit import IDS, encoder

if TYPE_CHECKING:
    from pandas import DataFrame

    from common.fastai.learner import RateSearch


def prepare(frames: Frames, task: TextTask, config: Ulmfit, context: Context) -> Prepared:
    """Return the frames with the ids of each row; trains the language model if the run has no encoder yet.

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
        from common.text.ulmfit import language_model

        language_model.train(config, corpus(frames, task, config, context), _stage_context(context, config.stages[0]))
    trained = encoder.read(folder)
    encoder.require_fit(trained, config)
    notes = {config.stages[0]: {name: value for name, value in trained.record.items() if name != "files"}}
    if context.stage != config.stages[0]:
        frames = _with_ids(frames, task, config, context, trained.vocabulary)
    return Prepared(frames, notes)


def find_rate(frames: Frames, task: TextTask, config: Ulmfit, context: Context) -> RateSearch:
    """Try ever larger learning rates: on the language model, or with an `encoder` on the classifier of the first fold."""
    from common import splits
    from common.fastai.learner import find_rate

    if config.encoder is None:
        from common.text.ulmfit import language_model

        learn, _ = language_model.learner(config, corpus(frames, task, config, context), context)
    else:
        from common.text.ulmfit.classifier import UlmfitModel

        assert config.split is not None  # noqa: S101  it is filled in by then
        frames = prepare(frames, task, config, context).frames
        folds = splits.make_folds(frames.training, config.split)
        train, valid = splits.train_and_valid(folds, int(folds[folds >= 0].min()), config.split)
        learn = UlmfitModel(task, config, context).learner(frames.training[train], frames.training[valid])
        learn.freeze_to(-1)
    learn.path = context.folder  # where the weights wait meanwhile
    setting = "language_model.rate" if config.encoder is None else "classifier.head_rate"
    return find_rate(learn, context, setting)


def corpus(
    frames: Frames, task: TextTask, config: Ulmfit, context: Context, vocabulary: Vocabulary | None = None
) -> Corpus:
    """Return the ids of all texts, those to train on first, then those to predict, then those without an answer."""
    texts = [text for frame in _all(frames, task) for text in task.joined(frame)]

    def numericalised(vocabulary: Vocabulary | None) -> Corpus:
        return numericalise(
            texts, cache=context.cache, settings=config.text, vocabulary=vocabulary, progress=context.progress
        )

    if vocabulary is None or frames.train is None:
        return numericalised(vocabulary)
    own = numericalised(None)  # which the language model has been trained on, as a rule
    return own if own.vocabulary.digest == vocabulary.digest else numericalised(vocabulary)


def _with_ids(frames: Frames, task: TextTask, config: Ulmfit, context: Context, vocabulary: Vocabulary) -> Frames:
    """Return the frames with a column of ids in train and test: views of one memory map."""
    import numpy as np

    texts, first = corpus(frames, task, config, context, vocabulary), 0

    def with_ids(frame: DataFrame) -> DataFrame:
        nonlocal first
        views: Any = np.empty(len(frame), dtype=object)
        views[:] = [texts.ids(first + row) for row in range(len(frame))]
        first += len(frame)
        return frame.assign(**{IDS: views})

    train = None if frames.train is None else with_ids(frames.train)
    return replace(frames, train=train, test=with_ids(frames.test))


def _all(frames: Frames, task: TextTask) -> list[DataFrame]:
    """Return the tables with texts: train, test, and what further ones there are."""
    extra = [frame for frame in frames.extra.values() if set(task.texts) <= set(frame)]
    return [*([] if frames.train is None else [frames.train]), frames.test, *extra]


def _trained(folder: Path, context: Context) -> bool:
    """Whether the run's encoder is there, and nobody asks for the rest of its training."""
    if not processes.agree(folder.is_dir()):
        return False
    begun = any(context.run.glob("fold-*"))
    cut = encoder.read(folder).record.get("stopped_early")
    return not (cut and context.stage == Ulmfit.stages[0] and not begun)


def _take(config: Ulmfit, folder: Path, context: Context) -> None:
    """Copy an encoder into the run, which is then complete in itself."""
    source = encoder.read(encoder.find(str(config.encoder), context.environment))
    encoder.require_fit(source, config)
    context.progress.say(f"encoder: {source.folder} ({len(source.vocabulary):,} words)")
    if processes.is_main():
        with atomic_folder(folder) as part:
            shutil.copytree(source.folder, part, dirs_exist_ok=True)
    processes.wait()


def _stage_context(context: Context, stage: str) -> Context:
    """Return the context of a stage, whose checkpoints lie beside the folds'."""
    folder = context.run / f"{stage}-unfinished"
    folder.mkdir(exist_ok=True)
    return replace(context, folder=folder, title=stage)
