"""The models of the competition, by profile."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from common import processes
from common.competition import Config
from common.data.frames import Frames
from common.errors import SettingError
from common.model import Context, Model, Models, Prepared
from competitions.imdb.competition import Baseline, Best, Ulmfit

if TYPE_CHECKING:
    from common.fastai.learner import RateSearch
    from common.runs.run import Run


class ImdbModels(Models):
    """N-grams, ULMFiT, and n-grams with a transformer."""

    def enrich(self, frames: Frames, config: Config, context: Context) -> Frames:
        """Return the reviews as they were written, from whichever layout they came.

        Raises:
            SettingError: under `accelerate launch` with several processes, for a profile that trains in one.
        """
        if isinstance(config, Baseline | Best) and processes.count() > 1:
            raise SettingError(
                "this profile trains in one process; leave out accelerate launch, or give --num_processes 1"
            )
        from competitions.imdb.reviews import as_written

        return as_written(frames)

    def prepare(self, frames: Frames, config: Config, context: Context) -> Prepared:
        """Put what all folds share, and prediction needs too, into the run's folder: n-grams, tokenizer, encoders."""
        if isinstance(config, Baseline | Best):
            from competitions.imdb import ngrams

            frames = ngrams.prepare(frames, config.words if isinstance(config, Best) else config, context)
        if isinstance(config, Ulmfit):
            from competitions.imdb.ulmfit import prepare as prepare_ulmfit

            return prepare_ulmfit(frames, config, context)
        if isinstance(config, Best):
            from common.huggingface.tokens import keep_encoder, keep_tokenizer

            reviews = (frames.train if frames.train is not None else frames.test)["review"]
            keep_tokenizer(config.backbone, reviews.tolist(), context)
            keep_encoder(config.backbone, config.seed, context)
        return Prepared(frames)

    def build(self, config: Config, frames: Frames, context: Context) -> Model:
        """Return an untrained model for one fold."""
        model: Model = _family(config)(config, context)
        return model

    def load(self, folder: Path, config: Config, context: Context) -> Model:
        """Return a model that `save` wrote."""
        model: Model = _family(config).load(folder, config, context)
        return model

    def illustrate(self, frames: Frames, run: Run, context: Context) -> None:
        """Draw the learning curves of every stage that has epochs."""
        from common.session import show

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
        """Return a text that the run's language model goes on with."""
        from competitions.imdb.generate import generate as generate_text

        return generate_text(text, _ulmfit(config), context, words=words, temperature=temperature, seed=seed)

    def lr_find(self, frames: Frames, config: Config, context: Context) -> RateSearch:
        """Return what a learning-rate finder sees: of the language model, or with an `encoder` of the classifier."""
        from competitions.imdb.ulmfit import find_rate

        return find_rate(frames, _ulmfit(config), context)


def _family(config: Config) -> Any:
    match config:
        case Baseline():
            from competitions.imdb.baseline import BaselineModel

            return BaselineModel
        case Ulmfit():
            from competitions.imdb.classifier import UlmfitModel

            return UlmfitModel
        case Best():
            from competitions.imdb.best import BestModel

            return BestModel
    raise TypeError(f"no model for {type(config).__name__}")


def _ulmfit(config: Config) -> Ulmfit:
    if not isinstance(config, Ulmfit):
        raise SettingError("this profile has no language model; those that have one: sample, course, quick")
    return config


MODELS = ImdbModels()
