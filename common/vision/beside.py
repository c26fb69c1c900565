"""The columns beside a picture as features of its head: numbers standardised, categories as columns of 0 and 1."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common import estimators

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pandas import DataFrame

FILE = "beside.skops"
_MAX_CATEGORIES = 50  # of a column; rarer ones count as one


class Beside:
    """What is known of the columns from training rows."""

    def __init__(self, columns: Sequence[str]) -> None:
        self.columns = list(columns)
        self.encoder: Any = None

    def fit(self, frame: DataFrame) -> Beside:
        """Learn means, spreads and categories."""
        from pandas.api.types import is_numeric_dtype
        from sklearn.compose import make_column_transformer
        from sklearn.impute import SimpleImputer
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import OneHotEncoder, StandardScaler

        numbers = [name for name in self.columns if is_numeric_dtype(frame[name])]
        categories = [name for name in self.columns if name not in numbers]
        one_hot = OneHotEncoder(
            handle_unknown="infrequent_if_exist", max_categories=_MAX_CATEGORIES, sparse_output=False
        )
        impute = SimpleImputer(add_indicator=True, keep_empty_features=True)
        self.encoder = make_column_transformer(
            (make_pipeline(impute, StandardScaler()), numbers), (one_hot, categories)
        ).fit(self._table(frame))
        return self

    def __call__(self, frame: DataFrame) -> NDArray[np.float32]:
        """Return the features (n, k)."""
        import numpy as np

        features: NDArray[np.float32] = self.encoder.transform(self._table(frame)).astype(np.float32)
        return features

    def save(self, folder: Path) -> None:
        """Write what was learnt, in a format that runs no code when it is read."""
        estimators.save(self.encoder, folder / FILE)

    def read(self, folder: Path) -> None:
        """Read what `save` wrote."""
        self.encoder = estimators.load(folder / FILE, trusted=("numpy.dtype",))

    def _table(self, frame: DataFrame) -> DataFrame:
        from pandas.api.types import is_numeric_dtype

        return frame[self.columns].astype({name: object for name in self.columns if not is_numeric_dtype(frame[name])})
