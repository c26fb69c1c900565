"""Film reviews judged: the models, all of them those of `common.text`, on reviews as their authors wrote them."""

from __future__ import annotations

from common.competition import Config
from common.data.frames import Frames
from common.model import Context
from common.text import TextModels, TextTask
from competitions.imdb.reviews import as_written

TASK = TextTask(target="sentiment", texts=("review",), classes=(0, 1), names=("negative", "positive"))


class ImdbModels(TextModels):
    """The models of texts."""

    def enrich(self, frames: Frames, config: Config, context: Context) -> Frames:
        """Return the reviews as they were written, from whichever layout they came."""
        return as_written(super().enrich(frames, config, context))


MODELS = ImdbModels(TASK)
