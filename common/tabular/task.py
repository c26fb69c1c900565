"""What is predicted of the rows of a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from common.competition import Column, Competition, Source, Table
from common.target import Target


@dataclass(frozen=True, kw_only=True)
class TabularTask(Target):
    """A target that the other columns of a row decide: all that the test set has too, but those left out.

    `ids` name rows: they are no features, but what several rows share of them is. `texts` are columns to be read as text
    even where they look like categories. `metric` says what a good number is: its logarithm, or its median.
    """

    metric: str = ""
    ids: tuple[str, ...] = ()
    leave_out: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()

    @classmethod
    def of(cls, competition: Competition, **more: Any) -> Self:
        """Return the task of a competition; `more` are further fields, such as columns to `leave_out`."""
        described = [*_described(competition.files.train), *_described(competition.files.test)]
        named = {
            kind: tuple(dict.fromkeys(each.name for each in described if each.kind == kind)) for kind in ("id", "file")
        }
        left_out = (*more.pop("leave_out", ()), *named["file"])
        return super().of(
            competition, **{"metric": competition.metric, "ids": named["id"], "leave_out": left_out, **more}
        )


def _described(source: Source) -> tuple[Column, ...]:
    """Return the described columns of a source and of its files; keys of joined tables are ordinary columns."""
    more = source.files.columns if isinstance(source, Table) and source.files else ()
    return (*source.columns, *more)
