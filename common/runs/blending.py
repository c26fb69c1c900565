"""Several runs as one: what mixes them is learnt from out-of-fold predictions, and judged on folds that taught nothing of it.

A blend is a run like any other: with OOF, a submission, a record and a line in the ledger. Its scores are nested: a fold is
scored with what the other folds taught; `optimistic` are those of rows that chose their own mixture.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common import metrics, submission
from common.competition import Competition
from common.decisions import Decision, constant
from common.decisions import learn as learn_decision
from common.decisions.scoring import scorer
from common.errors import MetricError, RunError
from common.files import atomic_folder, sha256
from common.progress import timed
from common.runs import oof, provenance
from common.runs.evaluation import Predicted, names, scored, second
from common.runs.mixing import Method, Mix, Objective, learn
from common.runs.records import Code, Fold, RunRecord, Session, Status, Submission
from common.runs.run import FOLDS, RECORD, Run
from common.submission.shape import with_parts

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray

PROFILE = "blend"
_ROWS = 20_000  # to learn from: weights need no more, and each of hundreds of trials costs a pass over them


@dataclass(frozen=True)
class Blend:
    """A blend of k runs: `alone` are each run's own scores on the same rows, `nested` says that it has several folds."""

    run: Run
    weights: tuple[float, ...]
    alone: tuple[dict[str, float | None], ...]
    nested: bool


def blend(
    competition: Competition, folders: Sequence[Path], out: Path, method: Method, machine: dict[str, object]
) -> Blend:
    """Write a blend of runs into a new folder.

    Args:
        competition: the runs' competition.
        folders: of two or more runs with the same data and folds.
        out: the folder to make.
        method: how they are mixed, see `common.runs.mixing`.
        machine: for the record.

    Raises:
        RunError: if the runs cannot be blended, or `out` exists.
    """
    import numpy as np

    if out.exists():
        raise RunError(f"{out} exists; give --out another folder")
    began, seconds = time.strftime("%Y-%m-%dT%H:%M:%S%z"), dict[str, float]()
    with timed(seconds, "read"):
        runs = [_opened(competition, folder) for folder in folders]
        if len({run.folder.resolve() for run in runs}) < 2 or len({run.folder.resolve() for run in runs}) < len(runs):
            raise RunError("a blend takes two different runs at least, each once")
        base, parts = _aligned(runs, competition)
    folds, rng = base.folds, np.random.default_rng(0)

    def taught(by: NDArray[Any]) -> Mix:
        some = by if len(by) <= _ROWS else rng.choice(by, _ROWS, replace=False)
        truth = base.truth.iloc[some]
        aim = _objective(base, parts[:, some].mean(axis=0), some)
        return learn(method, parts[:, some], aim, competition, truth, tuple(base.run.record.classes))

    everything, crossed = np.arange(len(folds)), np.empty_like(parts[0])
    with timed(seconds, "learn"):
        for fold in np.unique(folds):
            inside = folds == fold
            others = np.flatnonzero(~inside)
            crossed[inside] = taught(others if len(others) else everything).apply(parts[:, inside])
        mix = taught(everything)
    with timed(seconds, "score"):
        nested = Predicted(base.run, competition, base.ids, folds, base.truth, crossed)
        record = _record(nested, runs, method, mix, machine, began)
        own = mix.apply(parts)
        decision = learn_decision(competition, nested.plain, own, base.truth)
        optimistic = submission.cells(decision.apply(own, base.truth, competition), competition.submission)
        record.optimistic = {name: scored(competition, name, optimistic, base.truth) for name in names(competition)}
        record.decision = decision
        alone = tuple(
            Predicted(run, competition, base.ids, folds, base.truth, part).scores()
            for run, part in zip(runs, parts, strict=True)
        )
    with atomic_folder(out) as folder, timed(seconds, "write"):
        _write_submission(folder, competition, runs, mix, decision)
        oof.write(folder, base.ids, folds, base.truth[list(competition.targets)], crossed)
        if (runs[0].folder / FOLDS).is_file():
            (folder / FOLDS).write_bytes((runs[0].folder / FOLDS).read_bytes())
        file = folder / competition.submission.file_name
        rows = sum(1 for line in file.read_bytes().splitlines() if line) - 1
        record.submission = Submission(file=file.name, sha256=sha256(file), rows=rows)
        record.seconds = {phase: round(spent, 3) for phase, spent in seconds.items()}
        (folder / RECORD).write_text(json.dumps(record.to_json(), indent=1) + "\n", encoding="utf-8")
    weights = tuple(round(float(weight), 6) for weight in mix.weights)
    return Blend(run=Run(out, record), weights=weights, alone=alone, nested=len(set(folds.tolist())) > 1)


def default_folder(root: Path, folders: Sequence[Path], method: Method) -> Path:
    """Return the folder of a blend that was given none: the same runs and method have the same one."""
    deciding = json.dumps([method, sorted(str(folder.resolve()) for folder in folders)])
    return root / f"{PROFILE}-{hashlib.sha256(deciding.encode()).hexdigest()[:8]}"


def _objective(base: Predicted, mean: NDArray[float64], some: NDArray[Any]) -> Objective:
    """Return the metric of predictions for some rows after the decision step, as it is learnt for the runs' mean."""
    import numpy as np

    competition, rows = base.competition, base.truth.iloc[some]
    sign = 1 if metrics.get(competition.metric).greater_is_better else -1
    decision = learn_decision(competition, base.plain, mean, rows)
    measured = scorer(competition, competition.metric, rows)

    def objective(predictions: NDArray[float64]) -> float:
        decided = submission.cells(decision.apply(predictions, rows, competition), competition.submission)
        try:
            return sign * measured(decided)
        except MetricError:
            return -np.inf

    return objective


def _opened(competition: Competition, folder: Path) -> Run:
    run = Run.open(folder, competition.name)
    if not (folder / competition.submission.file_name).is_file():
        raise RunError(f"{folder} has no submission yet; finish it first")
    return run


def _aligned(runs: list[Run], competition: Competition) -> tuple[Predicted, NDArray[float64]]:
    """Return the first run's rows that all runs have predicted, and all runs' predictions of them (k, n, width)."""
    import numpy as np
    import pandas as pd

    base = Predicted.of(runs[0], competition)
    parts, known = [base.values], np.ones(len(base.ids), bool)
    for run in runs[1:]:
        if run.record.data != runs[0].record.data:
            raise RunError(f"{run.folder} and {runs[0].folder} are runs on different data; a blend needs the same")
        other = Predicted.of(run, competition)
        if other.values.shape[1] != base.values.shape[1]:
            raise RunError(
                f"{run.folder} and {runs[0].folder} predict different numbers of columns; a blend needs the same"
            )
        values, folds = other.values, other.folds
        if not np.array_equal(other.ids, base.ids):
            place = pd.Index(other.ids).get_indexer(pd.Index(base.ids))
            values, folds = values[place], folds[place]
            known &= place >= 0
        if not np.array_equal(folds[known], base.folds[known]):
            raise RunError(
                f"{run.folder} and {runs[0].folder} have different folds, so that each has seen what the other is measured "
                "on; train one again with the other's split (--set split=default)"
            )
        parts.append(values)
    if not known.any():
        raise RunError("no row was predicted out of fold by all of these runs; train the same folds")
    stacked = np.stack(parts)
    if known.all():
        return base, stacked
    rows = Predicted(
        base.run, competition, base.ids[known], base.folds[known], base.truth[known].reset_index(drop=True),
        base.values[known],
    )  # fmt: skip
    return rows, stacked[:, known]


def _record(
    made: Predicted, runs: Sequence[Run], method: Method, mix: Mix, machine: dict[str, object], began: str
) -> RunRecord:
    import numpy as np

    competition, first = made.competition, runs[0].record
    files = provenance.code_files(competition.name)
    code = Code(hash=provenance.code_hash(files), files=files)
    versions = provenance.versions()
    predictions = constant(competition, made.truth, tuple(first.classes)) if competition.predicts != "span" else None
    record = RunRecord(
        competition=competition.name, profile=PROFILE, metric=competition.metric,
        settings={
            "method": method, "runs": [run.folder.name for run in runs],
            "weights": [round(float(weight), 4) for weight in mix.weights],
        },
        data=first.data, data_folder=first.data_folder, code=code, versions=versions, machine=machine,
        sessions=[Session(began=began, code=code.hash, kit=first.kit, versions=versions, machine=machine)],
        status=Status.FINISHED, classes=first.classes, rows_scored=len(made.ids), scores=made.scores(),
    )  # fmt: skip
    for fold in np.unique(made.folds):
        inside = made.folds == fold
        record.folds[int(fold)] = Fold(rows=int(inside.sum()), scores=made.scores(inside))
    if predictions is not None:
        plain = made.plain.apply(predictions, made.truth, competition)
        of_nothing = submission.cells(plain, competition.submission)
        record.nothing = {name: scored(competition, name, of_nothing, made.truth) for name in names(competition)}
    return record


def _write_submission(folder: Path, competition: Competition, runs: list[Run], mix: Mix, decision: Decision) -> None:
    """Write what is decided for the mixture of the runs' predictions of the test set."""
    import numpy as np
    import pandas as pd

    format = competition.submission
    order, values, echoed = oof.read_test(runs[0], format)
    parts = [values]
    for run in runs[1:]:
        ids, values, _ = oof.read_test(run, format)
        if not np.array_equal(ids, order):
            place = pd.Index(ids).get_indexer(pd.Index(order))
            if len(ids) != len(order) or (place < 0).any():
                raise RunError(f"{run.folder} and {runs[0].folder} predict different test rows; a blend needs the same")
            values = values[place]
        parts.append(values)
    test = np.stack(parts)
    mixed = mix.apply(second(competition, test))
    rows: Any = pd.DataFrame(index=pd.Index(order))
    if competition.predicts == "span":
        rows = _test_rows(competition, runs[0], order)
    if not format.numeric:
        oof.write_test(folder, pd.Series(order), mixed, format)
    made = submission.make(
        order.tolist(), mixed if format.numeric else decision.apply(mixed, rows, competition), format
    )
    made = made.assign(**echoed)
    submission.write(with_parts(made, format)[list(format.columns)], folder / format.file_name, format)


def _test_rows(competition: Competition, run: Run, order: Any) -> Any:
    """Return the test rows, whose texts a piece is cut from."""
    from common import data

    if run.data_folder is None:
        raise RunError(f"{run.folder} was trained on {run.record.data_folder}, which is not there any more")
    test = data.read(competition, run.data_folder).test
    return test.set_index(data.ids(test, competition.files.test).to_numpy()).loc[list(order)]
