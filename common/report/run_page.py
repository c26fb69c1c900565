"""The page of one run: what ran and on what, how good it is, where it is wrong, and how to make it again."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common import metrics
from common.analysis import evidence as known
from common.analysis.agreement import agreement
from common.analysis.board import Board
from common.analysis.checks import CHECKS, Evidence, check
from common.config import resolve
from common.errors import KitError
from common.report import charts, page
from common.report.charts import Chart
from common.report.errors import LEAST, Wrong, by_value, colours, data_uri, worst
from common.report.predictions import drawn
from common.runs.records import RunRecord
from common.runs.run import Run
from common.settings import flat
from common.wording import first_line

if TYPE_CHECKING:
    from common.environment import Environment

FILE = "report.html"
_SHOWN, _PICTURES, _MASKS = 12, 60, 24  # rows, rows of pictures, and of pictures with masks, that are shown
_FIGURES, _FIGURE_BYTES = 8, 350_000
_WRONG = {
    "number": "The error of a row is the distance of prediction and target.",
    "class": "The error of a row is what the probability of its class lacks of one; of ordered classes their distance.",
    "labels": "The error of a row is the mean distance of its labels' probabilities from 0 and 1.",
    "span": "The error of a row is the share of words that predicted and true piece do not have in common.",
    "masks": "The error of a picture is what its own score lacks of one.",
    "nothing": "",
}


def write(folder: Path, out: Path, here: Environment, *, reasons: bool = False) -> int:
    """Write the page of a run and return its size in bytes.

    Args:
        folder: the run's.
        out: the file to write.
        here: the machine, whose cache keeps the charts' library.
        reasons: whether models are asked what their most wrong predictions rest on, which takes as long as preparing the data.

    Raises:
        RunError: if the folder holds no run.
    """
    from common import __version__

    evidence = known.of(folder)
    run, competition, predicted = evidence.run, evidence.competition, evidence.predicted
    record, missing = run.record, [evidence.more["why"]] if "why" in evidence.more else []
    rows = mistakes = None
    groups: list[dict[str, Any]] = []
    if predicted is not None:
        try:
            rows = predicted.inputs()
            groups = by_value(predicted, rows, predicted.wrong)
        except (KitError, OSError) as error:
            missing.append(f"what the model saw of each row, as {first_line(error)}")
        pictures = any(column.kind == "file" for column in competition.files.train.columns)
        count = _MASKS if competition.predicts == "masks" else _PICTURES if pictures else _SHOWN
        mistakes = worst(predicted, rows, count)
        if reasons and mistakes:
            mistakes = _with_reasons(evidence, mistakes, here, missing)
    made = _charts(evidence)
    of_predictions = drawn(predicted) if predicted is not None else []
    figures = _figures(run) if competition.predicts == "masks" or not of_predictions else []
    board = evidence.agreement
    html = page.render(
        "run.html",
        [*made, *of_predictions],
        here.cache,
        run=_head(evidence),
        record=record,
        competition=competition,
        findings=check(evidence),
        n_checks=len(CHECKS),
        missing=missing,
        predictions=[each.name for each in of_predictions],
        groups=groups,
        groups_least=LEAST,
        mistakes=mistakes or [],
        key=colours(competition),
        wrong_is=_WRONG[competition.predicts],
        figures=figures,
        board=board.sentence if board and board.points else "",
        reproduce=_command(record, evidence),
        settings=_settings(evidence),
        origin=_origin(record),
        version=__version__,
        sections=_sections(of_predictions, board, groups, mistakes, figures),
    )
    page.write(html, out)
    return len(html.encode())


def _charts(evidence: Evidence) -> list[Chart]:
    record, metric = evidence.run.record, evidence.competition.metric
    notes = {f"fold {number}": fold.notes for number, fold in record.folds.items()}
    losses: dict[str, list[list[float]]] = {}
    for name, each in notes.items():
        for part, label in (("train_loss", "training"), ("valid_loss", "validation")):
            epochs = [
                row for row in each.get("epochs") or () if isinstance(row, dict) and isinstance(row.get(part), float)
            ]
            if epochs:
                losses[f"{name}, {label}"] = [[number, row[part]] for number, row in enumerate(epochs, 1)]

    def lines(key: str) -> dict[str, Any]:
        return {name: each[key] for name, each in notes.items() if isinstance(each.get(key), list)}

    spent = [{"phase": phase, "seconds": seconds} for phase, seconds in record.seconds.items()]
    memory = [{"phase": phase, "GiB": peak / 2**30} for phase, peak in record.memory.items()]
    made = [
        charts.folds({number: fold.scores.get(metric) for number, fold in record.folds.items()}, evidence.cv, metric),
        charts.curves(
            "curve",
            "Learning curve",
            "The loss of training batches, smoothed.",
            lines("curve"),
            "step",
            "training loss",
        ),
        charts.curves(
            "epochs",
            "Losses by epoch",
            "Where validation rises again, training has gone on too long.",
            losses,
            "epoch",
            "loss",
        ),
        charts.curves(
            "by_rows",
            "What more rows bring",
            "Still falling at the end: more data would help.",
            lines("curve_by_rows"),
            "training rows",
            metric,
        ),
        charts.bars("seconds", "Seconds by phase", "Over all folds.", spent, "phase", "seconds"),
        charts.bars(
            "memory",
            "Memory by phase",
            "The most that the process had taken by the end of each phase.",
            memory,
            "phase",
            "GiB",
            ".2f",
        ),
        _board(evidence),
    ]
    return [each for each in made if each is not None]


def _board(evidence: Evidence) -> Chart | None:
    found = evidence.agreement
    return of_board("board", evidence.board) if found and found.points and evidence.board else None


def of_board(name: str, board: Board) -> Chart | None:
    """Return the runs that have both scores, CV across and the public board up."""
    points = agreement(board).points[: charts.MOST_MARKS]
    rows = [{"CV": each.cv, "public": each.public, "run": page.shown(each.run, 60)} for each in points]
    return charts.scatter(
        name,
        "CV against the leaderboard",
        "A rising line: the order by CV is the board's.",
        rows,
        "CV",
        "public",
        "run",
    )


def _head(evidence: Evidence) -> dict[str, Any]:
    run, record, metric = evidence.run, evidence.run.record, evidence.competition.metric
    entry = (
        next((each for each in evidence.board.entries if each.run == run.folder.name), None) if evidence.board else None
    )
    facts = [
        {"value": f"{record.rows_scored:,}", "what": "rows scored"},
        {"value": str(len(record.folds)), "what": "fold" if len(record.folds) == 1 else "folds"},
    ]
    facts.append({"value": page.clock(sum(record.seconds.values())), "what": "in all"})
    baseline = evidence.baseline
    for other, than in ((record.nothing.get(metric), "nothing"), (baseline.cv if baseline else None, "the baseline")):
        if other is not None and evidence.cv is not None:
            gain = evidence.sign * (evidence.cv - other)
            facts.append({"value": f"{abs(gain):.4f}", "what": f"{'worse' if gain < 0 else 'better'} than {than}"})
    if entry is not None and entry.public is not None:
        facts.append({"value": page.score(entry.public, 5), "what": "public board"})
    if entry is not None and entry.beaten is not None:
        facts.append({"value": f"{entry.beaten:.0%}", "what": f"of {entry.teams:,} teams behind"})
    error = evidence.error if evidence.predicted is not None else None
    return {
        "name": run.folder.resolve().name,
        "cv": evidence.cv,
        "greater": metrics.get(metric).greater_is_better,
        "facts": facts,
        "error": error if error is not None and error > 0 else None,
        "began": record.sessions[-1].began[:16].replace("T", " ") if record.sessions else "",
    }


def _with_reasons(evidence: Evidence, mistakes: list[Wrong], here: Environment, missing: list[str]) -> list[Wrong]:
    """Return the mistakes with what the models' predictions rest on, where they can tell."""
    from common.pipeline.explaining import explain
    from common.progress import Progress

    folder = evidence.run.folder
    try:
        data = evidence.run.data_folder
        if data is None:
            return mistakes
        told = explain(evidence.competition, folder, data, here, Progress(), count=len(mistakes), top=8)
    except KitError as error:
        missing.append(f"what predictions rest on, as {first_line(error)}")
        return mistakes
    reasons = {each.id: tuple((str(word), float(weight)) for word, weight in each.reasons) for each in told.mistakes}
    return [replace(each, reasons=reasons.get(each.id, ())) for each in mistakes]


def _figures(run: Run) -> list[dict[str, str]]:
    """Return the figures that the run's models have drawn, such as masks over pictures, small enough for a page."""
    import numpy as np
    from PIL import Image

    made, size = [], 0
    for path in sorted((run.folder / "figures").glob("*.png"))[:_FIGURES]:
        try:
            with Image.open(path) as image:
                image.thumbnail((900, 900))
                source = data_uri(np.asarray(image.convert("RGB")))
        except (OSError, ValueError):
            continue
        if size + len(source) > _FIGURE_BYTES:
            continue
        size += len(source)
        made.append({"title": path.stem.replace("_", " "), "source": source})
    return made


def _settings(evidence: Evidence) -> list[tuple[str, Any, Any]]:
    """Return every setting, its value, and the profile's own where that is another."""
    record = evidence.run.record
    try:
        usual = flat(resolve(evidence.competition, record.profile))
    except KitError:
        usual = record.settings
    rows = [
        (name, value, usual.get(name) if usual.get(name) != value else None) for name, value in record.settings.items()
    ]
    return sorted(rows, key=lambda each: each[2] is None)


def _command(record: RunRecord, evidence: Evidence) -> str:
    """Return the commands that make the run again."""
    name = record.competition
    if record.profile == "blend":
        runs = " ".join(shlex.quote(f"submissions/{name}/{run}") for run in record.settings.get("runs", []))
        return f"kit blend {name} {runs} --method {record.settings.get('method')}"
    changed = " ".join(
        f"--set {shlex.quote(f'{key}={value}')}" for key, value, usual in _settings(evidence) if usual is not None
    )
    data = f" --data {shlex.quote(record.data_folder)}" if record.data_folder else ""
    train = f"kit train {name} --profile {record.profile}{data} {changed}".strip()
    made = shlex.quote(f"submissions/{name}/{evidence.run.folder.resolve().name}")
    return f"{train}\nkit validate {name} {made}{data}"


def _origin(record: RunRecord) -> list[tuple[str, str]]:
    rows = [("data", record.data_folder), *((f"sha256 of {name}", digest) for name, digest in record.data.items())]
    rows += [("code", record.code.hash), ("kit", record.kit), *record.versions.items()]
    rows += [(name, str(value)) for name, value in record.machine.items()]
    return rows + [("warning", text) for text in record.warnings]


def _sections(predictions: Any, board: Any, groups: Any, mistakes: Any, figures: Any) -> list[tuple[str, str]]:
    every = [
        ("checks", "Checks", True),
        ("scores", "Scores", True),
        ("predictions", "Predictions", predictions),
        ("board", "Leaderboard", board and board.points),
        ("groups", "Where it is wrong", groups),
        ("errors", "Most wrong rows", mistakes),
        ("figures", "Figures", figures),
        ("time", "Time", True),
        ("reproduce", "Reproduce", True),
    ]
    return [(id, name) for id, name, there in every if there]
