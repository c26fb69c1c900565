"""The parts of `model.py` for a competition of texts: what its profiles' settings stand for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from common import processes
from common.competition import Config
from common.data.frames import Frames
from common.errors import SettingError
from common.model import Context, Model, Models, Prepared
from common.text.settings import Baseline, Blended, Ulmfit
from common.text.task import TextTask

if TYPE_CHECKING:
    from common.fastai.learner import RateSearch
    from common.runs.run import Run
    from common.text.blended import BlendedModel
    from common.text.choices import ChoicesModel
    from common.text.linear import NGramsModel
    from common.text.spans import SpanModel
    from common.text.ulmfit.classifier import UlmfitModel


class TextModels(Models):
    """Text classification and regression: the models of its profiles, for one task."""

    def __init__(self, task: TextTask) -> None:
        self.task = task

    def enrich(self, frames: Frames, config: Config, context: Context) -> Frames:
        """Refuse what cannot be trained.

        Raises:
            SettingError: under `accelerate launch` with several processes, for a profile that trains in one; for a target that
            the profile does not predict.
            DataError: if all training rows are of one class.
        """
        if isinstance(config, Baseline | Blended) and processes.count() > 1:
            raise SettingError(
                "this profile trains in one process; leave out accelerate launch, or give --num_processes 1"
            )
        if isinstance(config, Ulmfit) and (self.task.predicts in ("labels", "span") or len(self.task.targets) > 1):
            raise SettingError("the course's recipe predicts classes or one number; take --profile baseline")
        if isinstance(config, Blended) and self.task.predicts == "span":
            raise SettingError("this profile cuts no texts; take --profile baseline")
        if frames.train is not None and self.task.exclusive:
            self.task.require_two_classes(frames.train)
        return frames

    def prepare(self, frames: Frames, config: Config, context: Context) -> Prepared:
        """Put what all folds share, and prediction needs too, into the run's folder: n-grams, tokenizer, encoders."""
        task = self.task.resolved(context)
        if isinstance(config, Ulmfit):
            from common.text.ulmfit import stages

            return stages.prepare(frames, task, config, context)
        if isinstance(config, Blended):
            from common.huggingface.tokens import keep_encoder, keep_tokenizer

            texts = task.joined(frames.train if frames.train is not None else frames.test)
            keep_tokenizer(config.backbone, texts, context)
            keep_encoder(config.backbone, config.seed, context)
        if isinstance(config, Blended) or (isinstance(config, Baseline) and not _without_ngrams(task)):
            from common.text import characters, ngrams

            frames = ngrams.prepare(frames, task, config.ngrams, context)
            frames = characters.prepare(frames, task, config.ngrams, context)
        return Prepared(frames)

    def build(self, config: Config, frames: Frames, context: Context) -> Model:
        """Return an untrained model for one fold."""
        return self._model(config, context)

    def load(self, folder: Path, config: Config, context: Context) -> Model:
        """Return a model that `save` wrote."""
        model = self._model(config, context)
        model.read(folder)
        return model

    def illustrate(self, frames: Frames, run: Run, context: Context) -> None:
        """Draw the learning curves of every stage that has epochs."""
        from common import show

        stages = {name: stage["epochs"] for name, stage in run.record.stages.items()}
        stages |= {f"fold-{number}": fold.notes.get("epochs", []) for number, fold in run.record.folds.items()}
        for name, epochs in stages.items():
            if epochs:
                axes = show.axes(f"{name}: loss after each epoch", "epoch", "loss")
                for part in ("train_loss", "valid_loss"):
                    axes.plot([row["epoch"] for row in epochs], [row[part] for row in epochs], marker="o", label=part)
                axes.legend(frameon=False)
                show.save(axes, run.folder / "figures" / f"{name}.png")

    def generate(
        self, text: str, config: Config, context: Context, *, words: int, temperature: float, seed: int | None = None
    ) -> str:
        """Return a text that the run's language model continues."""
        from common.text.ulmfit.generate import generate

        return generate(text, _ulmfit(config), context, words=words, temperature=temperature, seed=seed)

    def lr_find(self, frames: Frames, config: Config, context: Context) -> RateSearch:
        """Return what a learning-rate finder sees: of the language model, or with an `encoder` of the classifier."""
        from common.text.ulmfit.stages import find_rate

        return find_rate(frames, self.task.resolved(context), _ulmfit(config), context)

    def _model(
        self, config: Config, context: Context
    ) -> NGramsModel | SpanModel | ChoicesModel | UlmfitModel | BlendedModel:
        task = self.task.resolved(context)
        match config:
            case Baseline() if task.predicts == "span":
                from common.text.spans import SpanModel

                return SpanModel(task, config.spans, config.seed, context)
            case Baseline() if task.options is not None:
                from common.text.choices import ChoicesModel

                return ChoicesModel(task, context)
            case Baseline():
                from common.text.linear import NGramsModel

                return NGramsModel(task, config.ngrams, config.seed, context)
            case Ulmfit():
                from common.text.ulmfit.classifier import UlmfitModel

                return UlmfitModel(task, config, context)
            case Blended():
                from common.text.blended import BlendedModel

                return BlendedModel(task, config, context)
        raise TypeError(f"no model for {type(config).__name__}")


def _without_ngrams(task: TextTask) -> bool:
    return task.predicts == "span" or task.options is not None


def _ulmfit(config: Config) -> Ulmfit:
    if not isinstance(config, Ulmfit):
        raise SettingError("this profile has no language model; those that have one: sample, course, quick")
    return config
