"""Commands about submission files: validate, grade."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

from common.commands.options import Commands, command, report, with_data, with_json, with_name
from common.wording import plural, table

GROUP = "look"


def register(commands: Commands) -> None:
    """Add the commands of this module."""
    parser = command(
        commands,
        "validate",
        validate,
        "every problem of a submission file",
        "kit validate patent submission.csv --data data",
    )
    with_name(parser)
    parser.add_argument("file", type=Path, metavar="FILE|RUN")
    parser.add_argument("--force", action="store_true", help="exit code 0 whatever is found")
    with_data(parser)
    with_json(parser)
    parser = command(
        commands, "grade", grade, "a submission's score against labels", "kit grade patent submission.csv answers.csv"
    )
    with_name(parser)
    parser.add_argument("file", type=Path, metavar="FILE")
    parser.add_argument("answers", type=Path, metavar="ANSWERS", help="a table with the id and the target columns")
    with_json(parser)


def validate(arguments: argparse.Namespace) -> int:
    """Print every problem; exit code 1 if one is more than a warning."""
    from common import data, environment, registry
    from common.runs.run import trained_on
    from common.submission import checks

    competition, file = registry.get(arguments.name), arguments.file
    if file.is_dir() and (
        (made := file / competition.submission.file_name).is_file() or not competition.submission.packed
    ):
        file = made  # of a run; masks may lie in a folder of their own
    folder = arguments.data or data.find(competition, None, environment.detect(), trained_on(file.parent))
    pictures, format = None, competition.submission
    if competition.predicts == "masks":
        test = data.read(competition, folder, train=False).test
        pictures = data.files_by_id(competition, test)
    problems = checks.validate(file, data.expected(competition, folder), format, competition.metric, pictures)
    if pictures and not problems and not format.packed:
        from common.vision.segmentation.transposed import looks_transposed

        problems += filter(None, [looks_transposed(file, format, pictures)])
    valid = not checks.errors(problems)
    document = {"file": str(file), "valid": valid, "problems": [asdict(each) for each in problems]}
    count = plural(len(problems), "warning" if valid else "problem")
    good = f"{file} is a valid submission of {competition.name}" + (f", with {count}:" if problems else "")
    lines = [
        good if valid else f"{file} has {count}:",
        *[f"  {each.rule}: {each.message}" for each in problems],
    ]
    report(arguments, document, lambda: "\n".join(lines))
    return 0 if valid or arguments.force else 1


def grade(arguments: argparse.Namespace) -> None:
    """Print the competition's metric, and those reported beside it."""
    from common import registry
    from common.submission.grading import grade as graded

    competition = registry.get(arguments.name)
    scores = graded(competition, arguments.file, arguments.answers)
    rows = [(name, f"{value:.6f}") for name, value in scores.items()]
    report(arguments, {"metric": competition.metric, "scores": scores}, lambda: table(rows))
