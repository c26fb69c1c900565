"""Our recipe: n-grams for every text, a transformer for those that they leave in doubt, and a blend of the two.

Some of each fold's training rows are held out from both parts. There, on texts that are new to them as the validation rows
are, it is learnt how far each is to be trusted and below which certainty a text is worth reading; the validation rows
themselves are never looked at.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.files import atomic_folder, atomic_write
from common.model import Context, Model
from common.text.linear import NGramsModel
from common.text.settings import Blended, TransformerSettings
from common.text.stacking import Stacking, Stackings
from common.text.task import TextTask
from common.text.transformer import Transformer

if TYPE_CHECKING:
    from numpy import bool_, float64
    from numpy.typing import NDArray
    from pandas import DataFrame

NGRAMS, TRANSFORMER, WEIGHTS, NOTES = "ngrams", "transformer", "blend.json", "notes.json"
RECIPE = "recipe.txt"  # in a run's folder
FEWEST = 32  # rows that are held out at least, but never more than a third of all
EVERY = 1e9  # log-odds that no n-grams reach


class BlendedModel(Model):
    """The n-grams, a transformer and the weights of both."""

    def __init__(self, task: TextTask, config: Blended, context: Context) -> None:
        self.task, self.config, self.context = task, config, context
        self.notes: dict[str, Any] = {}
        self.ngrams = NGramsModel(task, config.ngrams, config.seed, context)
        self.recipe: str  # "gpu" or "cpu"
        self.transformer: Transformer
        self.limit: float  # log-odds of the n-grams: a text beyond is not read
        self.unread: Stackings  # of the n-grams alone
        self.read_by_both: Stackings

    def fit(self, train: DataFrame, valid: DataFrame) -> None:
        """Train both parts, then weigh them; a part that an earlier, interrupted process finished is read instead."""
        self.recipe = chosen_recipe(self.config, self.context)
        learn, held = self._divided(train)
        self._fit_ngrams(learn, valid)
        # As many test rows as training rows.
        self._fit_transformer(learn, round(self.settings.fraction * (len(train) + 2 * len(valid))))
        self._weigh(held)

    def predict(self, frame: DataFrame) -> NDArray[float64]:
        """Return the number or the second class's probability of each row (n,), or those of all classes (n, classes)."""
        words = self.ngrams.outputs(frame)
        blended = self.unread(words[..., None])
        doubtful, both = self._both(frame, words)
        blended[doubtful] = self.read_by_both(both)
        return self.task.predictions(blended)

    def save(self, folder: Path) -> None:
        """Write both parts and their weights, in formats that run no code when they are read."""
        parts: dict[str, NGramsModel | Transformer] = {NGRAMS: self.ngrams, TRANSFORMER: self.transformer}
        for name, part in parts.items():
            (folder / name).mkdir()
            part.save(folder / name)
        weights = {
            "recipe": self.recipe, "limit": self.limit,
            "unread": [asdict(each) for each in self.unread.each],
            "read_by_both": [asdict(each) for each in self.read_by_both.each],
        }  # fmt: skip
        (folder / WEIGHTS).write_text(json.dumps(weights) + "\n", encoding="utf-8")

    def read(self, folder: Path) -> None:
        """Read what `save` wrote."""
        weights = json.loads((folder / WEIGHTS).read_text(encoding="utf-8"))
        self.recipe, self.limit = weights["recipe"], weights["limit"]
        self.unread, self.read_by_both = (
            Stackings(tuple(Stacking(**each) for each in weights[name])) for name in ("unread", "read_by_both")
        )
        self.ngrams.read(folder / NGRAMS)
        self.transformer = Transformer(self.task, self.settings, self.config.seed, self.context)
        self.transformer.read(folder / TRANSFORMER)

    @property
    def settings(self) -> TransformerSettings:
        """How the transformer reads and learns."""
        settings: TransformerSettings = getattr(self.config, self.recipe)
        return settings

    def _divided(self, train: DataFrame) -> tuple[DataFrame, DataFrame]:
        """Return the rows to train the parts on and those that are held out from them."""
        import numpy as np
        from sklearn.model_selection import train_test_split

        held_out = min(max(round(self.config.held_out * len(train)), FEWEST), len(train) // 3)
        classes = None
        if self.task.exclusive:
            codes = self.task.codes(train)
            counts = np.bincount(codes)
            if counts[counts > 0].min() > 1 and (counts > 0).sum() <= held_out:
                classes = codes
        learn, held = train_test_split(train, test_size=held_out, stratify=classes, random_state=self.config.seed)
        return learn, held

    def _fit_ngrams(self, learn: DataFrame, valid: DataFrame) -> None:
        finished = self.context.folder / NGRAMS
        if finished.is_dir():
            self.ngrams.read(finished)
            return
        self.ngrams.fit(learn, valid)
        with atomic_folder(finished) as folder:
            self.ngrams.save(folder)

    def _fit_transformer(self, learn: DataFrame, to_predict: int) -> None:
        self.transformer = Transformer(self.task, self.settings, self.config.seed, self.context)
        finished = self.context.folder / TRANSFORMER
        notes = json.loads((finished / NOTES).read_text(encoding="utf-8")) if finished.is_dir() else {}
        if notes.get("recipe") == self.recipe:  # otherwise it is trained again
            self.notes = notes
            self.transformer.read(finished)
            return
        rows = learn[: self.settings.rows]  # which are in random order
        self.notes = {"recipe": self.recipe, **self.transformer.fit(rows, to_predict=to_predict)}
        if self.notes.get("stopped_early"):  # with more time it would go on, so it is not kept as finished
            return
        with atomic_folder(finished) as folder:
            self.transformer.save(folder)
            (folder / NOTES).write_text(json.dumps(self.notes), encoding="utf-8")

    def _weigh(self, held: DataFrame) -> None:
        """Learn the limit and the weights on rows that neither part has seen."""
        import numpy as np

        targets, words = self.task.matrix(held), self.ngrams.outputs(held)
        how = {"log_odds": self.task.log_odds, "alike": self.task.exclusive}
        fraction = self.settings.fraction
        self.limit = float(np.quantile(self._certainty(words), fraction)) if fraction < 1 else EVERY
        doubtful, both = self._both(held, words)
        self.unread = Stackings.learn(words[..., None], targets, **how)
        self.read_by_both = Stackings.learn(both, targets[doubtful], **how)
        weights = np.mean([each.weights for each in self.read_by_both.each], axis=0).tolist()
        self.notes["weights"] = dict(zip((NGRAMS, TRANSFORMER), weights, strict=True))

    def _both(self, frame: DataFrame, words: NDArray[float64]) -> tuple[NDArray[bool_], NDArray[float64]]:
        """Return which of n rows are read, and what both parts say of those m: (n,) and (m, outputs, 2)."""
        import numpy as np

        doubtful = self._certainty(words) <= self.limit
        return doubtful, np.stack([words[doubtful], self.transformer.outputs(frame[doubtful])], axis=-1)

    def _certainty(self, words: NDArray[float64]) -> NDArray[float64]:
        """Return the log-odds of the likeliest class, or of the label in most doubt (n,); of a number nothing is certain."""
        if not self.task.log_odds:
            return words[:, 0] * 0
        alone = self.task.exclusive and self.task.outputs > 1
        certain: NDArray[float64] = words.max(axis=1) if alone else abs(words).min(axis=1)
        return certain


def chosen_recipe(config: Blended, context: Context) -> str:
    """Return which settings of the transformer count: what a GPU allows, or what two cores do.

    It is decided once for a run, and kept there: all folds are of one recipe, on whatever machine they go on.
    """
    if config.recipe != "auto":
        return config.recipe
    path = context.run / RECIPE
    if not path.is_file():
        with atomic_write(path, "w") as handle:
            handle.write("gpu\n" if context.environment.gpus() else "cpu\n")
    return path.read_text(encoding="utf-8").strip()
