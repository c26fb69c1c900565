"""The models of the competition, by profile: boosted trees, the course's pairs, our lists."""

from __future__ import annotations

from typing import Any

from common.competition import Config
from common.data.frames import Frames
from common.model import Context, by_family
from competitions.patent.competition import Baseline, Lists, Network, Pairs


def prepare(frames: Frames, config: Config, context: Context) -> Frames:
    """Put what all folds share, and prediction needs too, into the run's folder: tokenizer and frozen encoder."""
    if isinstance(config, Network):
        from common.huggingface.tokens import keep_encoder, keep_tokenizer

        frame = frames.train if frames.train is not None else frames.test
        keep_tokenizer(config.backbone, [*frame["anchor"].unique(), *frame["target"]], context)
        if isinstance(config, Lists):
            keep_encoder(config.backbone, config.seed, context)
    return frames


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


build, load = by_family(_family)
