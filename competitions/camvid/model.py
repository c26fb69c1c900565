"""The models for street scenes: those of `common.vision.segmentation`, with the layout's own list of validation frames."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePath
from typing import TYPE_CHECKING

from common.vision.segmentation import MaskModels, MaskTask
from competitions.camvid.competition import COMPETITION, VALID

if TYPE_CHECKING:
    from common.competition import Config
    from common.data.frames import Frames
    from common.model import Context


class StreetModels(MaskModels):
    """Masks of street scenes."""

    def enrich(self, frames: Frames, config: Config, context: Context) -> Frames:
        """Decode pictures and masks, and say which frames valid.txt lists, for a split by it (`split.kind=column`)."""
        frames = super().enrich(frames, config, context)
        if frames.train is None or VALID not in frames.extra:
            return frames
        listed = frames.extra[VALID]  # of a file without a header: the first name stands for one
        names = {PurePath(str(name)).stem for name in (listed.columns[0], *listed.iloc[:, 0])}
        return replace(frames, train=frames.train.assign(**{VALID: frames.train["id"].isin(names).astype(int) - 1}))


MODELS = StreetModels(MaskTask.of(COMPETITION))
