"""Commands that make data, train and predict: sample, dry-run, train, predict."""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.commands.options import (
    Commands,
    command,
    non_negative_int,
    numbers,
    positive_int,
    report,
    seconds,
    with_data,
    with_json,
    with_name,
    with_profile,
    with_workers,
)

if TYPE_CHECKING:
    from common.pipeline.request import Request
    from common.pipeline.seeds import Averaged
    from common.runs.run import Run

SAMPLE_ROWS = 600
GROUP = "models"


def register(commands: Commands) -> None:
    """Add the commands of this module."""
    parser = command(
        commands,
        "sample",
        sample,
        "write sample data in Kaggle's file layout, with answers.csv",
        "kit sample patent --out data/sample",
    )
    with_name(parser)
    parser.add_argument("--out", type=Path, metavar="DIR", help="default: build/sample/NAME")
    _with_rows(parser)
    with_json(parser)

    parser = command(
        commands,
        "dry-run",
        dry_run,
        "sample data, a run, a graded submission: the whole way in a minute",
        "kit dry-run patent",
    )
    with_name(parser)
    _with_rows(parser)
    with_json(parser)

    parser = command(
        commands, "train", train, "train a profile and write a validated submission",
        "kit train patent --data data/patent --profile best --folds 0,1 --set epochs=3",
    )  # fmt: skip
    with_name(parser)
    with_data(parser)
    with_profile(parser)
    parser.add_argument("--folds", type=numbers, metavar="0,1", help="train only these folds")
    parser.add_argument(
        "--stage", metavar="NAME", help="run only this stage of a profile that has stages (imdb: language-model)"
    )
    seeds = parser.add_mutually_exclusive_group()
    seeds.add_argument("--seed", type=non_negative_int, help="of training; folds keep theirs (--set split.seed=…)")
    seeds.add_argument("--seeds", type=numbers, metavar="0,1,2", help="a run for each seed, and their average")
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="the run's folder (default: submissions/NAME/PROFILE-HASH)"
    )
    parser.add_argument("--time-limit", type=seconds, metavar="8h", help="stop in time: 90s, 30m, 8h")
    with_workers(parser)
    again = parser.add_mutually_exclusive_group()
    again.add_argument(
        "--resume", action="store_const", const="resume", dest="mode", help="go on even if the code has changed"
    )
    again.add_argument(
        "--fresh", action="store_const", const="fresh", dest="mode", help="start again, replacing the run"
    )
    parser.set_defaults(mode="auto")
    with_json(parser)


def sample(arguments: argparse.Namespace) -> None:
    """Write sample data."""
    from common import environment
    from common.pipeline import samples

    folder = arguments.out or environment.detect().working / "build" / "sample" / arguments.name
    rows = samples.make(arguments.name, folder, arguments.rows, arguments.seed)
    lines = [f"{folder / name}: {count:,} rows" for name, count in rows.items()]
    report(arguments, {"folder": str(folder), "rows": rows}, lambda: "\n".join(lines))


def dry_run(arguments: argparse.Namespace) -> None:
    """Go the whole way on sample data: everything lies under build/dry-run afterwards."""
    import shutil
    from dataclasses import replace

    from common import environment, registry
    from common.config import resolve
    from common.pipeline import samples
    from common.pipeline.request import Request
    from common.pipeline.steps import run
    from common.progress import Progress
    from common.submission.grading import grade

    competition = registry.get(arguments.name)
    home = environment.detect()
    here = replace(home, working=home.working / "build" / "dry-run")
    progress = Progress()
    data = here.working / "data" / competition.name
    shutil.rmtree(data, ignore_errors=True)
    rows = samples.make(arguments.name, data, arguments.rows, arguments.seed)
    progress.say(f"sample data: {', '.join(f'{name} {count:,} rows' for name, count in rows.items())} in {data}")
    request = Request(
        competition=competition, profile="sample", config=resolve(competition, "sample"), data=data, environment=here,
        progress=progress, out=here.working / "run" / competition.name, mode="fresh",
    )  # fmt: skip
    done = run(request)
    answers = data / "answers.csv"
    scores = grade(competition, done.folder / competition.submission.file_name, answers)
    document = {**_document(done), "data": str(data), "hidden": scores}
    hidden = "  ".join(f"{name} {value:.4f}" for name, value in scores.items())
    report(arguments, document, lambda: f"{_summary(done)}\ngraded on {rows['answers.csv']:,} hidden labels: {hidden}")


def train(arguments: argparse.Namespace) -> None:
    """Run a profile."""
    from common import environment, processes, registry, workers
    from common.config import resolve
    from common.data import find
    from common.deadline import Deadline
    from common.errors import BackboneError, RunError
    from common.pipeline import outlook
    from common.pipeline.request import Request
    from common.pipeline.seeds import run_seeds
    from common.pipeline.workers import run
    from common.progress import Progress

    competition = registry.get(arguments.name)
    config = resolve(competition, arguments.profile, arguments.set, seed=arguments.seed, folds=arguments.folds)
    here = environment.detect()
    deadline = Deadline.of_session(here.started, competition.limits.session_hours)
    if arguments.time_limit is not None:
        deadline = min(deadline, Deadline.after(arguments.time_limit), key=Deadline.remaining)
    request = Request(
        competition=competition, profile=arguments.profile, config=config, data=find(competition, arguments.data, here),
        environment=here, progress=Progress(silent=not processes.is_main()), deadline=deadline,
        out=None if arguments.seeds else arguments.out, mode=arguments.mode, stage=arguments.stage,
    )  # fmt: skip
    asked = workers.count(arguments.workers, here)
    if line := outlook.machine(competition, arguments.profile, config, here):
        request.progress.say(line)
    try:
        if arguments.seeds:
            _report_seeds(arguments, request, run_seeds(request, arguments.seeds, asked, arguments.out))
            return
        done = run(request, asked)
    except KeyboardInterrupt:
        words = [word for word in sys.argv[1:] if word != "--fresh"]
        raise RunError(f"interrupted; finished folds are kept. To go on: kit {shlex.join(words)}") from None
    except BackboneError as error:
        hint = outlook.alternative(competition, config)
        raise BackboneError(f"{error}{f'; {hint}' if hint else ''}") from error
    if processes.is_main():
        report(arguments, _document(done), lambda: _summary(done))


def _report_seeds(arguments: argparse.Namespace, request: Request, made: Averaged) -> None:
    """Report the runs of several seeds, and their average."""
    from common.wording import rounded, table

    folder, record = made.blend.run.folder, made.blend.run.record
    path = folder / request.competition.submission.file_name
    members = zip(made.runs, made.blend.alone, strict=True)
    rows = [["seed", *record.scores, "run"]]
    rows += [
        [str(run.record.settings["seed"]), *map(rounded, alone.values()), str(run.folder)] for run, alone in members
    ]
    rows.append(["average", *map(rounded, record.scores.values()), str(folder)])
    document = {
        "run": str(folder), "runs": [str(run.folder) for run in made.runs], "alone": made.blend.alone,
        "scores": record.scores, "submission": str(path),
    }  # fmt: skip
    report(arguments, document, lambda: f"{table(rows)}\n\nsubmission  {path}")


def _document(done: Run) -> dict[str, Any]:
    return {"run": str(done.folder), **done.record.to_json()}


def _summary(done: Run) -> str:
    """Return the scores, the time and the paths of a run."""
    from common.progress import clock
    from common.runs import oof
    from common.wording import rounded, table

    record = done.record
    phases = ", ".join(f"{phase} {clock(spent)}" for phase, spent in record.seconds.items() if spent >= 0.5)
    status = f"status      {record.outcome}; {phases}"
    if record.submission is None:  # a stage before the last
        return f"{status}\nrun         {done.folder}\nrecord      {done.folder / 'run.json'}"
    if not record.folds:  # of a competition that nothing is predicted of
        where = f"{done.folder / record.submission.file} ({record.submission.rows:,} rows, valid)"
        return f"{status}\nsubmission  {where}\nrecord      {done.folder / 'run.json'}"
    rows = [["fold", "rows", *record.scores]]
    for name, count, scores in (
        *((str(number), fold.rows, fold.scores) for number, fold in record.folds.items()),
        ("CV", record.rows_scored, record.scores),
    ):
        rows.append([name, f"{count:,}", *map(rounded, scores.values())])
    paths = [
        status,
        f"submission  {done.folder / record.submission.file} ({record.submission.rows:,} rows, valid)",
        f"oof         {done.folder / oof.FILE}",
        f"record      {done.folder / 'run.json'}",
    ]
    return "\n".join([table(rows), "", *paths])


def _with_rows(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--rows", type=positive_int, default=SAMPLE_ROWS, metavar="N", help=f"rows to make (default: {SAMPLE_ROWS})"
    )
    parser.add_argument("--seed", type=non_negative_int, default=0, metavar="S", help="of the sample (default: 0)")
