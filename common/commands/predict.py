"""The command `kit predict`: what a saved run says of another test set, of single pictures, or of one row."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from common.commands.options import Commands, command, report, with_data, with_json

if TYPE_CHECKING:
    from common.competition import Competition
    from common.data import Frames
    from common.runs.run import Run

GROUP = "models"


def register(commands: Commands) -> None:
    """Add the commands of this module."""
    parser = command(
        commands, "predict", predict, "what a saved run says of another test set, of pictures or of one row",
        "kit predict patent --run submissions/patent/best-1a2b3c4d --data data/hidden --out submission.csv\n"
        "  kit predict submissions/birds/best-1a2b3c4d sparrow.jpg\n"
        '  kit predict submissions/movielens/best-1a2b3c4d --row userId=1 movieId=2 timestamp=1500000000',
    )  # fmt: skip
    parser.add_argument("name", metavar="NAME", help="a competition, or the folder of one of its runs")
    parser.add_argument(
        "pictures", nargs="*", type=Path, metavar="PICTURE", help="files to predict instead of a test set"
    )
    parser.add_argument("--run", type=Path, metavar="RUN", dest="folder", help="the run's folder")
    with_data(parser)
    parser.add_argument("--row", nargs="+", metavar="COLUMN=VALUE", help="one row to predict instead of a test set")
    parser.add_argument("--out", type=Path, metavar="FILE", help="the submission to write; a test set needs one")
    with_json(parser)


def predict(arguments: argparse.Namespace) -> None:
    """Predict with a saved run."""
    from common import data, environment, registry, submission
    from common.errors import SettingError
    from common.pipeline import inference
    from common.progress import Progress
    from common.runs.run import RECORD, Run

    named: Path = Path(arguments.name)
    folder = arguments.folder or named
    if arguments.folder is None and not (named / RECORD).is_file():
        raise SettingError(f"{named} is not the folder of a run; kit predict {named} --run RUN takes one of its runs")
    run = Run.open(folder, arguments.name if arguments.folder else None)
    competition = registry.get(run.record.competition)
    here = environment.detect()
    if single := bool(arguments.pictures or arguments.row):
        frames = _given(arguments, competition, run)
    elif arguments.out is None:
        raise SettingError("a test set's predictions need a file: --out FILE; or give pictures, or --row COLUMN=VALUE")
    else:
        frames = data.read(competition, data.find(competition, arguments.data, here, run.data_folder), train=False)
    made = inference.predict(competition, folder, frames, here, Progress())
    if not single:
        inference.check(competition, made, frames)  # before anything that stands there is replaced
    if arguments.out is not None:
        submission.write(made, arguments.out, competition.submission)
    if single:
        report(arguments, made.to_dict("records"), lambda: made.to_string(index=False))
        return
    checked = "valid" if frames.sample_submission is not None else "not checked: there is no sample submission"
    document = {"file": str(arguments.out), "rows": len(made), "run": str(folder), "checked": checked}
    report(arguments, document, lambda: f"{arguments.out}: {len(made):,} rows, {checked}")


def _given(arguments: argparse.Namespace, competition: Competition, run: Run) -> Frames:
    """Return a test set of the pictures, or of the one row."""
    import pandas as pd

    from common import data, registry
    from common.errors import DataError, SettingError

    source = competition.files.test
    id = source.id or competition.submission.id
    if arguments.row:
        if arguments.pictures:
            raise SettingError("give pictures or --row, not both")
        if wrong := [cell for cell in arguments.row if "=" not in cell]:
            raise SettingError(f"--row takes COLUMN=VALUE, not {wrong[0]!r}")
        cells = dict(cell.split("=", 1) for cell in arguments.row)
        return data.Frames(train=None, test=data.one_row(arguments.data or run.data_folder, source, cells))
    column = getattr(getattr(registry.models(competition.name), "task", None), "picture", None)
    if column is None:
        raise SettingError(f"a row of {competition.name} is no picture; --row COLUMN=VALUE … gives one")
    if missing := next((path for path in arguments.pictures if not path.is_file()), None):
        raise DataError(f"{missing} is no file")
    names = [path.name for path in arguments.pictures]
    ids = names if len(set(names)) == len(names) else [str(path) for path in arguments.pictures]
    paths = [str(path.resolve()) for path in arguments.pictures]
    return data.Frames(train=None, test=pd.DataFrame({id: ids, column: paths}, dtype=str))
