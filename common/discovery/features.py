"""What predictions are made from: the columns that both sides have, further tables, and which application takes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from common.competition import Column, columns
from common.discovery.columns import filled, kind_of
from common.discovery.findings import Notes
from common.discovery.heads import Head
from common.tabular.similarity import pairs
from common.wording import listed, plural

if TYPE_CHECKING:
    from pandas import Series

Application = Literal["tabular", "text", "vision", "masks", "restoring", "nothing"]

_ENOUGH = 20  # cells that show what a column is
_MANY = 20  # columns beside pictures that a head cannot take in
_ANSWERS = 10  # to choose from, at most
_LONG_TEXT = 200  # characters in which what stands in a few categories drowns


@dataclass(frozen=True, kw_only=True)
class Features:
    """The described columns of both sides, those of text, and the others that can tell something."""

    columns: tuple[Column, ...]
    texts: tuple[str, ...]
    others: tuple[str, ...]


def find(train: Head, test: Head, id: str, leave_out: Sequence[str], notes: Notes) -> Features:
    """Return the columns that training and test rows share, by kind; those of train alone are named and not used.

    An id that is a text itself is one of the texts.
    """
    shared = [name for name in train.columns if name in test and name not in leave_out]
    kinds = {name: kind_of(train[name], test[name]) for name in shared}
    by_kind = {
        kind: [name for name in shared if kinds[name] == kind] for kind in ("number", "category", "date", "text")
    }
    made: list[Column] = []
    for kind, names in by_kind.items():
        made += columns(kind, *names)  # type: ignore[arg-type]
        if names:
            taken = f"{kind}: {listed(names, 4)}"
            notes.add(
                plural(len(names), "column"), taken, "likely", "by their values in train and test", "competition.py"
            )
    only = [name for name in train.columns if name not in test and name not in leave_out]
    if only:
        notes.add("not used", listed(only, 4), "sure", f"only in {train.file}")
    useful = [name for name in shared if kinds[name] in ("number", "category") and _tells(train, name)]
    texts = [id] if id in train and id in test and _is_text(train[id], test[id]) else []
    return Features(columns=tuple(made), texts=(*texts, *by_kind["text"]), others=tuple(useful))


def options(train: Head, texts: Sequence[str], classes: Sequence[str]) -> str | None:
    """Return what stands before the class in the names of the columns of text that are answers to choose from, or None."""
    if not 1 < len(classes) <= _ANSWERS:
        return None
    starts = (name.removesuffix(classes[0]) for name in train.columns if name.endswith(classes[0]))
    return next((start for start in starts if all(f"{start}{label}" in texts for label in classes)), None)


def _is_text(*sides: Series[str]) -> bool:
    """Whether ids are texts themselves, and not only long."""
    return kind_of(*sides) == "text" and all(side.head(_ENOUGH).str.contains(" ").mean() > 0.5 for side in sides)


def _tells(train: Head, name: str) -> bool:
    """Whether a column can tell anything: it is not constant, and not another id, as fractions never are."""
    cells = [cell for cell in train[name].unique().tolist() if cell.strip()]
    return len(cells) > 1 and (len(cells) < len(train.frame) or any("." in cell for cell in cells[:_ENOUGH]))


def application(
    features: Features,
    train: Head,
    pictures: bool,
    group: str | None,
    span: str | None,
    notes: Notes,
    *,
    masks: bool = False,
    amounts: bool = False,
    labels: bool = False,
) -> Application:
    """Return which application takes these features.

    Texts alone are left to words and letters where they decide on classes or `labels`. Of numbers and ordered classes
    (`amounts`), and of texts that are to be compared, trees tell more: how long a text is, how alike two are.
    """
    others = [name for name in features.others if name != group]
    if pictures and (masks or len(others) <= _MANY):
        beside = f", beside {plural(len(others), 'column')}" if others and not masks else ""
        seen: Application = "masks" if masks else "vision"
        notes.add("application", seen, "sure", f"pictures for train and test{beside}", "model.py")
        return seen
    if span is not None:
        notes.add("application", "text", "sure", f"the answer is a piece of {span!r}", "model.py")
        return "text"
    length = sum(filled(train[name]).head(1000).str.len().mean() for name in features.texts)
    alone = not others or (length >= _LONG_TEXT and len(others) <= len(features.texts))
    alike = not labels and pairs({name: train[name] for name in features.texts})
    if features.texts and alone and not alike and not amounts:
        few = f"; {listed(others)} left to kit train with TabularModels" if others else ""
        notes.add("application", "text", "likely", f"text in {listed(features.texts)} carries it all{few}", "model.py")
        return "text"
    why = f"{plural(len(features.columns), 'column')} of a table"
    if pictures:
        why += f"; {len(others)} of them tell more than a model of pictures takes in"
    elif features.texts:
        why += f"; {listed(features.texts)} read as text{' and compared' if alike else ''}"
    notes.add("application", "tabular", "likely", why, "model.py")
    return "tabular"
