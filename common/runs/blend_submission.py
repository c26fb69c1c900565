"""What a blend says of the test set: the mixture of its runs' predictions, after the decision step."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from common import data, submission
from common.competition import Competition
from common.decisions import Decision
from common.errors import RunError
from common.runs import oof, predictions
from common.runs.evaluation import Predicted, second, sized
from common.runs.mixing import Mix
from common.runs.records import Fold
from common.runs.run import Run
from common.submission.shape import with_parts


def write_masks(folder: Path, made: Predicted, runs: list[Run], mix: Mix, decision: Decision) -> int:
    """Write a blend's soft masks as folds keep them, and what is decided for them; return the number of test rows.

    Raises:
        RunError: if the runs' data or masks are gone.
    """
    import numpy as np
    import pandas as pd

    competition, format = made.competition, made.competition.submission
    numbers = [int(number) for number in np.unique(made.folds)]
    for number in numbers:
        (fold := folder / f"fold-{number}").mkdir()
        predictions.save(made.values[made.folds == number], fold, "valid")
        predictions.save(mix.apply([run.predictions(number, "test") for run in runs]), fold, "test")
        record = Fold(rows=int((made.folds == number).sum()))
        (fold / "fold.json").write_text(json.dumps(record.to_json()) + "\n", encoding="utf-8")
    test = predictions.mean(predictions.load(folder / f"fold-{number}", "test") for number in numbers)
    frames = _frames(competition, runs[0])
    ids, sample = data.ids(frames.test, competition.files.test), frames.sample_submission
    place = pd.Index(ids).get_indexer(pd.Index(ids if sample is None else sample[format.id].unique()))
    rows = sized(competition, frames.test.iloc[place])
    decided = submission.make(ids.iloc[place].tolist(), decision.apply(test[place], rows, competition), format)
    submission.write(decided[list(format.columns)], folder / format.file_name, format)
    return len(rows)


def write(folder: Path, competition: Competition, runs: list[Run], mix: Mix, decision: Decision) -> int:
    """Write what is decided for the mixture of the runs' predictions of the test set; return the number of its rows."""
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
    return len(order)


def _test_rows(competition: Competition, run: Run, order: Any) -> Any:
    """Return the test rows, whose texts a piece is cut from."""
    test = _frames(competition, run).test
    return test.set_index(data.ids(test, competition.files.test).to_numpy()).loc[list(order)]


def _frames(competition: Competition, run: Run) -> data.Frames:
    if run.data_folder is None:
        raise RunError(f"{run.folder} was trained on {run.record.data_folder}, which is not there any more")
    return data.read(competition, run.data_folder)
