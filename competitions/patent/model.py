"""The models of the competition, by profile: boosted trees, the course's pairs, our lists."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from common.competition import Config
from common.data.frames import Frames
from common.model import Context, Model, Models, Prepared
from competitions.patent.competition import Baseline, Lists, Network, Pairs


class PatentModels(Models):
    """Boosted trees, the course's pairs, our lists."""

    def prepare(self, frames: Frames, config: Config, context: Context) -> Prepared:
        """Put what all folds share, and prediction needs too, into the run's folder: tokenizer and frozen encoder."""
        if isinstance(config, Network):
            from common.huggingface.tokens import keep_encoder, keep_tokenizer

            frame = frames.train if frames.train is not None else frames.test
            keep_tokenizer(config.backbone, [*frame["anchor"].unique(), *frame["target"]], context)
            if isinstance(config, Lists):
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


def _family(config: Config) -> Any:
    match config:
        case Baseline():
            from competitions.patent.baseline import BaselineModel

            return BaselineModel
        case Pairs():
            from competitions.patent.pairs import PairsModel

            return PairsModel
        case Lists():
            from competitions.patent.lists import ListsModel

            return ListsModel
    raise TypeError(f"no model for {type(config).__name__}")


MODELS = PatentModels()
