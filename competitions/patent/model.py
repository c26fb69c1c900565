"""The models of the competition, by profile: boosted trees, the course's pairs, our lists."""

from __future__ import annotations

from pathlib import Path

from common.competition import Config
from common.data.frames import Frames
from common.model import Context, Model, Models, Prepared
from competitions.patent.baseline import BaselineModel
from competitions.patent.competition import Baseline, Lists, Network, Pairs
from competitions.patent.lists import ListsModel
from competitions.patent.pairs import PairsModel


class PatentModels(Models):
    """Boosted trees, the course's pairs, our lists."""

    def prepare(self, frames: Frames, config: Config, context: Context) -> Prepared:
        """Put tokenizer and frozen encoder, which all folds and prediction need, into the run's folder."""
        if isinstance(config, Network):
            from common.huggingface.tokens import keep_encoder, keep_tokenizer

            frame = frames.train if frames.train is not None else frames.test
            keep_tokenizer(config.backbone, [*frame["anchor"].unique(), *frame["target"]], context)
            if isinstance(config, Lists):
                keep_encoder(config.backbone, config.seed, context)
        return Prepared(frames)

    def build(self, config: Config, frames: Frames, context: Context) -> Model:
        """Return an untrained model for one fold."""
        return _model(config, context)

    def load(self, folder: Path, config: Config, context: Context) -> Model:
        """Return a model that `save` wrote."""
        model = _model(config, context)
        model.read(folder)
        return model


def _model(config: Config, context: Context) -> BaselineModel | PairsModel | ListsModel:
    match config:
        case Baseline():
            return BaselineModel(config.trees, context, config.seed)
        case Pairs():
            return PairsModel(config, context)
        case Lists():
            return ListsModel(config, context)
    raise TypeError(f"no model for {type(config).__name__}")


MODELS = PatentModels()
