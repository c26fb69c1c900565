r"""Reviews as their authors wrote them.

Kaggle's tables put every review in quotes and a backslash before each quote in it, which a reader without quoting
(`quoting=3`) hands on as they stand; in the folder layout the same review stands plainly. Here both become one text, so that
layouts can be mixed: a model trained on one predicts the other, and a duplicate is found across them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from common.data.frames import Frames

if TYPE_CHECKING:
    from pandas import DataFrame


def as_written(frames: Frames) -> Frames:
    """Return the frames with every column `review` as `unquoted` makes it."""
    return replace(
        frames,
        train=None if frames.train is None else _unquoted(frames.train),
        test=_unquoted(frames.test),
        extra={name: _unquoted(frame) for name, frame in frames.extra.items()},
    )


def unquoted(text: str) -> str:
    r"""Return a review without the quotes around it, and with `\"` in it as `"`; others as they are."""
    if len(text) < 2 or text[0] != '"' or text[-1] != '"':
        return text
    return text[1:-1].replace('\\"', '"')


def _unquoted(frame: DataFrame) -> DataFrame:
    return frame.assign(review=[unquoted(text) for text in frame["review"]])
