"""Our recipe: boosted trees on all that is known of a rating from other ratings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.collab.features import TASTE, described
from common.collab.ratings import Names, Ratings
from common.collab.settings import Best
from common.collab.task import CollabTask
from common.environment import threads
from common.model import Context, Model

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pandas import DataFrame

TREES = "trees.txt"


class BestModel(Model):
    """LightGBM; training rows are described by parts, each from the ratings of the others, as new rows are from all."""

    def __init__(self, task: CollabTask, config: Best, context: Context) -> None:
        self.task, self.config, self.context = task, config, context
        self.names: Names
        self.known: Ratings
        self.trees: Any = None

    def fit(self, train: DataFrame, valid: DataFrame) -> None:
        """Describe the training rows and learn from them."""
        import numpy as np

        self.names = Names.of(train, self.task)
        self.known = known = Ratings.of(train, self.names, self.task)
        parts = min(self.config.parts, len(known))
        part = np.random.default_rng(self.config.seed).permutation(len(known)) % parts
        features: Any = None
        with self.context.progress.task(f"{self.context.title} · describe", parts, "parts") as steps:
            for number in range(parts):
                held = part == number
                values = described(known[~held], known[held], self.names, self.config)
                features = np.empty((len(known), values.shape[1])) if features is None else features
                features[held] = values
                steps.advance(1)
        self.trees = self._grown(features, known.rating)

    def _grown(self, features: NDArray[np.float64], rating: NDArray[np.float64]) -> Any:
        import lightgbm

        settings = self.config.trees
        options = {
            "objective": "regression", "learning_rate": settings.learning_rate, "num_leaves": settings.num_leaves,
            "min_data_in_leaf": settings.min_data_in_leaf, "feature_fraction": settings.fraction, "lambda_l2": settings.l2,
            "bagging_fraction": 0.8, "bagging_freq": 1, "seed": self.config.seed, "num_threads": threads(),
            "deterministic": True, "force_row_wise": True, "verbosity": -1,
        }  # fmt: skip
        # What biases and tastes say is given; the trees learn the rest.
        rows = lightgbm.Dataset(features, rating, init_score=features[:, TASTE].copy(), params={"verbosity": -1})
        return lightgbm.train(options, rows, settings.iterations)

    def predict(self, frame: DataFrame) -> NDArray[np.float64]:
        """Return a rating for each row (n,)."""
        features = described(self.known, Ratings.of(frame, self.names, self.task), self.names, self.config)
        said: NDArray[np.float64] = self.trees.predict(features, num_threads=threads()) + features[:, TASTE]
        return said.clip(self.task.low, self.task.high)

    def save(self, folder: Path) -> None:
        """Write the known ratings, by which new rows are described, and LightGBM's own text."""
        self.names.save(folder)
        self.known.save(folder)
        (folder / TREES).write_text(self.trees.model_to_string(), encoding="utf-8")

    def read(self, folder: Path) -> None:
        """Read what `save` wrote."""
        import lightgbm

        self.names, self.known = Names.load(folder), Ratings.load(folder)
        self.trees = lightgbm.Booster(model_str=(folder / TREES).read_text(encoding="utf-8"))
