"""What is rated, and by whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from common.competition import Competition
from common.errors import SettingError
from common.target import Target


@dataclass(frozen=True, kw_only=True)
class CollabTask(Target):
    """A number that the columns `user` and `item` decide, between `low` and `high`.

    `when` is a column of seconds. Of an item, `labels` is a column that lists what it is, with `label_separator` between
    them, and `title` one that ends with a year in brackets. All three may be missing.
    """

    user: str
    item: str
    when: str = ""
    labels: str = ""
    label_separator: str = "|"
    title: str = ""
    low: float
    high: float

    @classmethod
    def of(cls, competition: Competition, **more: Any) -> Self:
        """Return the task of a competition, whose submission's cell bounds a rating; `more` are further fields.

        Raises:
            SettingError: if it does not predict one number between two bounds.
        """
        cell = competition.submission.cell
        if len(competition.targets) != 1 or competition.predicts != "number" or cell.low is None or cell.high is None:
            raise SettingError(f"{competition.name}: a rating is one number, and its cell needs both low and high")
        return super().of(competition, **{"low": cell.low, "high": cell.high, **more})
