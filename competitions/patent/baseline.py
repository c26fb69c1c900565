"""The baseline: boosted trees on similarities of two phrases by words, letters and latent meaning."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common import estimators
from common.model import Context, Model
from competitions.patent.competition import Trees
from competitions.patent.cpc import SECTIONS

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray
    from pandas import DataFrame

Embed = Callable[[list[str]], Any]
MODEL = "model.skops"
WORD = r"\S+"
TRUSTED = ["sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor"]  # all that skops does not know itself


class BaselineModel(Model):
    """TF-IDF spaces of the training phrases and boosted trees on the similarities in them.

    With `embed`, which returns vectors (n, width) of n phrases, the similarities of those are features too.
    """

    def __init__(self, config: Trees, context: Context, seed: int, embed: Embed | None = None) -> None:
        self.config, self.context, self.seed, self.embed = config, context, seed, embed
        estimators.require_skops()

    def fit(self, train: DataFrame, valid: DataFrame) -> None:
        """Fit the spaces to the training phrases, then the trees."""
        import numpy as np
        from sklearn.decomposition import TruncatedSVD
        from sklearn.ensemble import HistGradientBoostingRegressor
        from sklearn.feature_extraction.text import TfidfVectorizer

        phrases = np.unique(np.concatenate([train["anchor"].to_numpy(str), train["target"].to_numpy(str)]))
        with self.context.progress.task(f"{self.context.title} · trees", 3, "steps") as task:
            self.words = TfidfVectorizer(token_pattern=WORD, sublinear_tf=True).fit(phrases)
            self.letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True, min_df=2)
            letters = self.letters.fit_transform(phrases)
            task.advance(1)
            components = min(self.config.components, min(letters.shape) - 1)
            self.latent = TruncatedSVD(components, random_state=self.seed).fit(letters)
            features = self._features(train)
            task.advance(1)
            self.trees = HistGradientBoostingRegressor(
                max_iter=self.config.max_iter,
                learning_rate=self.config.learning_rate,
                min_samples_leaf=min(self.config.min_samples_leaf, max(1, len(train) // 20)),
                random_state=self.seed,
                early_stopping=False,  # it would stop on random rows, whose anchors are in training too
            ).fit(features, train["score"])
            task.advance(1)

    def predict(self, frame: DataFrame) -> NDArray[float64]:
        """Return a score per row (n,)."""
        scores: NDArray[float64] = self.trees.predict(self._features(frame))
        return scores

    def save(self, folder: Path) -> None:
        """Write the fitted parts in a format that runs no code when it is read."""
        estimators.save((self.words, self.letters, self.latent, self.trees), folder / MODEL)

    def read(self, folder: Path) -> None:
        """Read what `save` wrote; `embed` has to be the one of training."""
        self.words, self.letters, self.latent, self.trees = estimators.load(folder / MODEL, TRUSTED)

    def _features(self, frame: DataFrame) -> DataFrame:
        """Return the features of the trees: of the pair itself, and of the pair among its siblings."""
        import numpy as np
        import pandas as pd

        pair = frame[["anchor", "target"]].astype(str)
        letters = [self.letters.transform(pair[side]) for side in pair]
        words = [self.words.transform(pair[side]) for side in pair]
        latent = [_unit(self.latent.transform(side)) for side in letters]
        ranks = {code: rank for rank, code in enumerate(SECTIONS)}
        columns: dict[str, Any] = {
            "letters": _cosine(*letters),
            "words": _cosine(*words),
            "latent": (latent[0] * latent[1]).sum(axis=1),
            "section": frame["context"].str[0].map(ranks).fillna(-1).to_numpy(),
        }
        features = pd.DataFrame(columns | _overlaps(pair))
        groups = (frame["anchor"] + "\0" + frame["context"]).to_numpy()
        anchors = frame["anchor"].to_numpy()
        spaces = {"latent": latent[1]}
        if self.embed is not None:
            anchor, target = (_embedded(self.embed, pair[side]) for side in pair)
            features["meaning"] = (anchor * target).sum(axis=1)
            spaces["meaning"] = target
        for name, keys in (("group", groups), ("anchor", anchors)):
            codes = pd.factorize(keys)[0]
            features[f"{name}_size"] = np.bincount(codes)[codes]
            for space, vectors in spaces.items():
                features[f"{name}_{space}_centre"] = _to_centre(vectors, codes)
            for column in ("letters", *spaces):
                ranked = features[column].groupby(codes)
                features[f"{name}_{column}_rank"] = ranked.rank(pct=True)
                features[f"{name}_{column}_above"] = features[column] - ranked.transform("mean")
        features["last_word_shared"] = sibling_fraction(pair["target"], groups, -1)
        features["first_word_shared"] = sibling_fraction(pair["target"], groups, 0)
        return features


def _cosine(left: Any, right: Any) -> NDArray[float64]:
    """Return the cosine of the rows of two sparse matrices whose rows have length one."""
    import numpy as np

    return np.asarray(left.multiply(right).sum(axis=1)).ravel()


def _unit(rows: NDArray[float64]) -> NDArray[float64]:
    import numpy as np

    unit: NDArray[float64] = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
    return unit


def _embedded(embed: Embed, phrases: Any) -> NDArray[float64]:
    """Return a unit vector per phrase (n, width), each distinct phrase embedded once."""
    import pandas as pd

    codes, distinct = pd.factorize(phrases)
    return _unit(embed(list(distinct)))[codes]


def _to_centre(rows: NDArray[float64], codes: NDArray[Any]) -> NDArray[float64]:
    """Return the cosine of each row with the mean of the others of its group; 0 for a row on its own."""
    import numpy as np

    total = np.zeros((codes.max() + 1, rows.shape[1]))
    np.add.at(total, codes, rows)
    nearness: NDArray[float64] = (rows * _unit(total[codes] - rows)).sum(axis=1)
    return nearness


def _overlaps(pair: DataFrame) -> dict[str, list[float]]:
    """Return features of the words that the two phrases have in common."""
    columns: dict[str, list[float]] = {}
    for anchor, target in zip(pair["anchor"].str.split(), pair["target"].str.split(), strict=True):
        left, right = set(anchor), set(target)
        shared = len(left & right)
        values = {
            "shared": shared,
            "of_anchor": shared / max(len(left), 1),
            "of_target": shared / max(len(right), 1),
            "same_first": anchor[:1] == target[:1],
            "same_last": anchor[-1:] == target[-1:],
            "last_in_anchor": target[-1] in left if target else False,
            "first_in_anchor": target[0] in left if target else False,
            "anchor_words": len(anchor),
            "target_words": len(target),
            "target_letters": sum(map(len, target)),
            "letters_ratio": sum(map(len, target)) / max(sum(map(len, anchor)), 1),
        }
        for name, value in values.items():
            columns.setdefault(name, []).append(float(value))
    return columns


def sibling_fraction(targets: Any, groups: NDArray[Any], position: int) -> NDArray[float64]:
    """Return for each target the fraction of its group's targets that have the same word at a position (n,)."""
    import numpy as np
    import pandas as pd

    words, distinct = pd.factorize(targets.str.split().str[position].fillna("").to_numpy(str))
    codes = pd.factorize(groups)[0]
    together = pd.factorize(codes * len(distinct) + words)[0]
    fraction: NDArray[float64] = np.bincount(together)[together] / np.bincount(codes)[codes]
    return fraction
