"""Do folds promise what the test keeps? Can a model tell train from test, does a column give the target away, is time mixed?

Adversarial validation: a model that tells training rows from test rows out of fold better than by chance has found what differs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common import data
from common.analysis.adversarial import features_of, folds_of, sizes_of, tells, trees, varying
from common.analysis.checks import Finding
from common.competition import Competition, Split, Table
from common.data import Frames
from common.decisions import labels_of
from common.discovery import split as imitating
from common.discovery.findings import Hints, Notes
from common.discovery.heads import ROWS, Head
from common.wording import listed

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray
    from pandas import DataFrame

_MOST = 20_000  # rows of each side
_TELLS = 0.6  # AUC from which train and test differ
_GIVEN_AWAY = 0.98
_COLUMNS = 200  # looked at one by one
_ID, _PLACE = "the row's id", "the row's place"


@dataclass(frozen=True, kw_only=True)
class SplitCheck:
    """How well a model tells train from test (AUC, 0.5 is chance), which columns alone do, and what alone gives the target.

    `columns` and `alone` hold [name, AUC] and [name, score] (R², or AUC of classes), the highest first; `imitating` is the
    split that the data suggest, `why` what for.
    """

    auc: float
    columns: tuple[tuple[str, float], ...]
    alone: tuple[tuple[str, float], ...]
    imitating: Split
    why: str
    findings: tuple[Finding, ...]


def check_split(competition: Competition, frames: Frames, split: Split) -> SplitCheck:
    """Compare train and test of a competition, and its split with what they suggest.

    Args:
        competition: whose data.
        frames: with training rows.
        split: how rows are divided into folds.
    """
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(0)
    train, test = (
        frame.iloc[np.sort(rng.permutation(len(frame))[:_MOST])].reset_index(drop=True)
        for frame in (frames.training, frames.test)
    )
    names = _looked_at(competition, frames)
    files = {column.name for column in competition.files.train.columns if column.kind == "file"}

    def described(name: str) -> NDArray[float64]:
        rows = pd.concat([train[name], test[name]], ignore_index=True)
        if name in files:  # where a file lies tells train from test, and is no input
            return sizes_of(rows)
        return features_of(rows, pd.concat([frames.training[name], frames.test[name]]))

    features = {name: described(name) for name in names}
    side = np.repeat([0, 1], [len(train), len(test)])
    suggested, why = _imitating(competition, frames)
    folds = folds_of(suggested, pd.concat([train, test], ignore_index=True), side)
    apart = {name: tells(values, side, folds) for name, values in features.items()}
    auc = tells(np.hstack(list(features.values())), side, folds) if features else 0.5
    # A row's own id, or where it stands, is no input, but may give the target away.
    row_ids = data.ids(train, competition.files.train)
    own = {_ID: features_of(row_ids, row_ids)}
    if isinstance(competition.files.train, Table):  # the rows of a folder are in the order of their names
        own[_PLACE] = np.arange(len(train), dtype=float)[:, None]
    alone = _giving_away(competition, train, {**{name: each[: len(train)] for name, each in features.items()}, **own})
    columns = tuple(sorted(apart.items(), key=lambda each: -each[1]))
    findings = [
        *_of_drift(auc, columns), *_of_leaks(alone), *_of_time(competition, frames, split),
        *_of_split(split, suggested, why),
    ]  # fmt: skip
    return SplitCheck(auc=auc, columns=columns, alone=alone, imitating=suggested, why=why, findings=tuple(findings))


def _looked_at(competition: Competition, frames: Frames) -> list[str]:
    hidden = {*competition.targets, competition.files.train.id, competition.files.test.id}
    return [str(name) for name in frames.training if name in frames.test and name not in hidden][:_COLUMNS]


def _giving_away(
    competition: Competition, train: DataFrame, features: Mapping[str, NDArray[float64]]
) -> tuple[tuple[str, float], ...]:
    """Return how well each column alone predicts the target out of fold: R² of a number, mean AUC of classes."""
    import numpy as np
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import KFold, cross_val_predict

    if competition.predicts not in ("number", "class") or len(train) < 50:
        return ()
    if competition.predicts == "class":
        labels = [each for (each,) in labels_of(competition, train)]
        y = np.unique(labels, return_inverse=True)[1]
        commonest = np.bincount(y).argmax()
        y = (y == commonest).astype(int)  # one class against the others gives a leak away as well
    else:
        y = train[competition.targets[0]].to_numpy(float)
    filled = ~np.isnan(y)
    y, classes = y[filled], competition.predicts == "class"
    found = []
    for name, every in features.items():
        if not (values := varying(every[filled])).size:
            continue
        cv = KFold(3, shuffle=True, random_state=0)
        method = "predict_proba" if classes else "predict"
        said = cross_val_predict(trees(classes=classes), values, y, cv=cv, method=method)
        if classes:
            score = float(roc_auc_score(y, said[:, 1])) if len(np.unique(y)) > 1 else 0.5
        else:
            score = 1 - float(((y - said) ** 2).sum() / max(((y - y.mean()) ** 2).sum(), 1e-300))
        found.append((name, score))
    return tuple(sorted(found, key=lambda each: -each[1]))


def _imitating(competition: Competition, frames: Frames) -> tuple[Split, str]:
    """Return the split that train and test suggest, as `kit new` would choose it, and why."""
    notes = Notes()
    train, test = _head(frames.training, "train"), _head(frames.test, "test")
    kept = len(competition.targets) == 1 and competition.predicts in ("class", "number")
    target = competition.targets[0] if kept else None
    ignore = [name for name in competition.targets if name in frames.training]
    chosen = imitating.choose(train, test, target, competition.predicts == "class", Hints(), notes, ignore)
    return chosen, notes.findings[-1].why


def _head(frame: DataFrame, name: str) -> Head:
    """Return the first rows of a table as text, as `kit new` looks at them."""
    first = frame.head(ROWS)
    words = first.astype(object).where(first.notna(), "").astype(str)
    return Head(path=Path(name), file=name, frame=words, rows=len(frame), whole=len(frame) <= ROWS)


# Findings -------------------------------------------------------------------------------------------------------------


def _of_drift(auc: float, columns: Sequence[tuple[str, float]]) -> list[Finding]:
    if auc < _TELLS:
        return []
    by = [f"{name!r} ({each:.2f})" for name, each in columns if each > 0.55]
    cure = "drop or coarsen those columns, or weight training rows by how much they look like test; believe CV less"
    return [
        Finding(
            code="K202", title="train and test differ", cure=cure,
            measured=f"a model tells them apart with AUC {auc:.3f}" + (f", by {listed(by, 5)}" if by else ""),
        )
    ]  # fmt: skip


def _of_leaks(alone: Sequence[tuple[str, float]]) -> list[Finding]:
    given = [(name, each) for name, each in alone if each > (_GIVEN_AWAY if name not in (_ID, _PLACE) else 0.6)]
    return [
        Finding(
            code="K201", title="a column alone explains the target",
            measured=", ".join(f"{name!r} alone reaches {each:.3f}" for name, each in given[:3]),
            cure="find out how it came to be: known only after the answer, it is of no use in the test; leave it out and compare",
        )
    ] if given else []  # fmt: skip


def _of_time(competition: Competition, frames: Frames, split: Split) -> list[Finding]:
    from pandas.api.types import is_datetime64_any_dtype

    found = []
    for name in _looked_at(competition, frames):
        train, test = frames.training[name], frames.test[name]
        if (
            not (is_datetime64_any_dtype(train) and is_datetime64_any_dtype(test))
            or train.isna().all()
            or test.isna().all()
        ):
            continue
        later = train.max() <= test.min()
        if later and split.kind != "time":
            measured = f"{name!r} of test begins where train ends ({test.min():%Y-%m-%d}); a {split.kind} split knows the future"
            found.append((measured, f"a split by time: Split(kind='time', order={name!r})"))
        elif not later and split.kind == "time" and split.order == name:
            measured = f"{name!r} of test begins {test.min():%Y-%m-%d}, within train, and the split is by time"
            found.append(
                (measured, "a random or stratified split: it learns from as many rows and asks what the test asks")
            )
    return [Finding(code="K203", title="time overlap", measured=measured, cure=cure) for measured, cure in found]


def _of_split(split: Split, suggested: Split, why: str) -> list[Finding]:
    grouped = ("group", "stratified_group")
    same = split.kind == suggested.kind or (split.kind in grouped and suggested.kind in grouped)
    if (same and split.group == suggested.group) or suggested.kind in ("random", "stratified"):
        return []
    what = f"group={suggested.group!r}" if suggested.kind in grouped else f"order={suggested.order!r}"
    ours = f"{split.kind} by {split.group or split.order or split.stratify or split.column or 'nothing'}"
    return [
        Finding(
            code="K204", title="another split imitates the board", measured=f"{why}; the split is {ours}",
            cure=f"Split(kind={suggested.kind!r}, {what}) in competition.py",
        )
    ]  # fmt: skip


def as_json(found: SplitCheck) -> dict[str, Any]:
    """Return a check as plain values."""
    from common.settings import plain

    return {
        **vars(found),
        "imitating": plain(replace(found.imitating)),
        "findings": [vars(each) for each in found.findings],
    }
