"""Our recipe: n-grams for every review, a transformer for those that they leave in doubt, and a blend of the two.

A share of each fold's training rows is held out from both parts. There, on reviews that are new to them as the
validation rows are, it is learnt how far each is to be trusted and below which certainty a review is worth reading; the
validation rows themselves are never looked at.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.files import atomic_folder, atomic_write
from common.model import Context, Model
from competitions.imdb.baseline import BaselineModel
from competitions.imdb.blend import Blend, log_odds
from competitions.imdb.competition import Best, Reading

if TYPE_CHECKING:
    from numpy import bool_, float64
    from numpy.typing import NDArray
    from pandas import DataFrame

    from competitions.imdb.transformer import Transformer

WORDS, READER, WEIGHTS, NOTES = "words", "reader", "blend.json", "notes.json"
READING = "reading.txt"  # in a run's folder
FEWEST = 32  # rows that are held out at least, but never more than a third of all
EVERY = 1e9  # log-odds that no n-grams reach


class BestModel(Model):
    """The baseline, a transformer and the weights of both."""

    def __init__(self, config: Best, context: Context) -> None:
        self.config, self.context = config, context
        self.name: str  # of the settings for reading
        self.notes: dict[str, Any] = {}
        self.words: BaselineModel
        self.transformer: Transformer
        self.limit: float  # log-odds of the n-grams: a review beyond is not read
        self.unread: Blend  # of the n-grams alone
        self.read: Blend  # of the n-grams and the transformer

    def fit(self, train: DataFrame, valid: DataFrame) -> None:
        """Train both parts, then weigh them; a part that an earlier, interrupted process finished is read instead."""
        self.name = _reading(self.config, self.context)
        learn, held = self._divided(train)
        self.words = self._fitted_words(learn, valid)
        to_predict = round(self.reading.share * (len(train) + 2 * len(valid)))  # as many test rows as labelled ones
        self.transformer = self._fitted_transformer(learn, to_predict)
        self._weigh(held)

    def predict(self, frame: DataFrame) -> NDArray[float64]:
        """Return the probability of being positive of each review (n,)."""
        from scipy.special import expit

        words = log_odds(self.words.predict(frame))
        blended = self.unread(words[:, None])
        doubtful, opinions = self._opinions(frame, words)
        blended[doubtful] = self.read(opinions)
        probability: NDArray[float64] = expit(blended)
        return probability

    def save(self, folder: Path) -> None:
        """Write both parts and their weights, in formats that run no code when they are read."""
        for name, part in ((WORDS, self.words), (READER, self.transformer)):
            (folder / name).mkdir()
            part.save(folder / name)
        weights = {"reading": self.name, "limit": self.limit, "unread": asdict(self.unread), "read": asdict(self.read)}
        (folder / WEIGHTS).write_text(json.dumps(weights) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path, config: Best, context: Context) -> BestModel:
        """Read what `save` wrote."""
        from competitions.imdb.transformer import Transformer

        weights = json.loads((folder / WEIGHTS).read_text(encoding="utf-8"))
        model = cls(config, context)
        model.name, model.limit = weights["reading"], weights["limit"]
        model.unread, model.read = Blend(**weights["unread"]), Blend(**weights["read"])
        model.words = BaselineModel.load(folder / WORDS, config.words, context)
        model.transformer = Transformer.load(folder / READER, model.reading, config.seed, context)
        return model

    @property
    def reading(self) -> Reading:
        """How the transformer reads and learns."""
        chosen: Reading = getattr(self.config, self.name)
        return chosen

    def _divided(self, train: DataFrame) -> tuple[DataFrame, DataFrame]:
        """Return the rows to train the parts on and those that are held out from them."""
        from sklearn.model_selection import train_test_split

        wish = max(round(self.config.held_out * len(train)), FEWEST)
        sizes = {"test_size": min(wish, len(train) // 3), "random_state": self.config.seed}
        learn, held = train_test_split(train, stratify=train["sentiment"], **sizes)
        return learn, held

    def _fitted_words(self, learn: DataFrame, valid: DataFrame) -> BaselineModel:
        kept = self.context.folder / WORDS
        if kept.is_dir():
            return BaselineModel.load(kept, self.config.words, self.context)
        words = BaselineModel(self.config.words, self.context, self.config.seed)
        words.fit(learn, valid)
        with atomic_folder(kept) as folder:
            words.save(folder)
        return words

    def _fitted_transformer(self, learn: DataFrame, to_predict: int) -> Transformer:
        from competitions.imdb.transformer import Transformer

        kept = self.context.folder / READER
        notes = json.loads((kept / NOTES).read_text(encoding="utf-8")) if kept.is_dir() else {}
        if notes.get("reading") == self.name:  # otherwise it is another recipe's, and is trained again
            self.notes = notes
            return Transformer.load(kept, self.reading, self.config.seed, self.context)
        rows = learn[: self.reading.rows]  # which are in random order
        transformer = Transformer(self.reading, self.config.seed, self.context)
        told = transformer.fit(rows["review"].tolist(), rows["sentiment"].tolist(), to_predict=to_predict)
        self.notes = {"reading": self.name, **told}
        if self.notes.get("stopped_early"):  # with more time it would go on, so it is not kept as finished
            return transformer
        with atomic_folder(kept) as folder:
            transformer.save(folder)
            (folder / NOTES).write_text(json.dumps(self.notes), encoding="utf-8")
        return transformer

    def _weigh(self, held: DataFrame) -> None:
        """Learn the limit and the weights on rows that neither part has seen."""
        import numpy as np

        labels = held["sentiment"].to_numpy()
        words = log_odds(self.words.predict(held))
        self.limit = float(np.quantile(np.abs(words), self.reading.share)) if self.reading.share < 1 else EVERY
        doubtful, opinions = self._opinions(held, words)
        self.unread = Blend.learn(words[:, None], labels)
        self.read = Blend.learn(opinions, labels[doubtful])
        self.notes["weights"] = dict(zip((WORDS, READER), self.read.weights, strict=True))

    def _opinions(self, frame: DataFrame, words: NDArray[float64]) -> tuple[NDArray[bool_], NDArray[float64]]:
        """Return which of n reviews are read, and the log-odds that both parts give to those m: (n,) and (m, 2)."""
        import numpy as np

        doubtful = np.abs(words) <= self.limit
        read = self.transformer.logits(frame["review"][doubtful].tolist())
        return doubtful, np.column_stack([words[doubtful], read])


def _reading(config: Best, context: Context) -> str:
    """Return the name of the settings for reading: what a GPU allows, or what two cores do.

    It is found once for a run, and kept there: all folds are of one recipe, on whatever machine they go on.
    """
    if config.reading != "auto":
        return config.reading
    kept = context.run / READING
    if not kept.is_file():
        with atomic_write(kept, "w") as handle:
            handle.write("whole\n" if context.environment.gpus() else "brief\n")
    return kept.read_text(encoding="utf-8").strip()
