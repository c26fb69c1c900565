"""Commands that only look: list, show, doctor."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Sequence
from itertools import chain, starmap
from shutil import get_terminal_size
from typing import Any

from common.commands.options import Commands, command, report, with_json, with_name
from common.competition import Competition, Config, Source, Split
from common.wording import table

GROUP = "look"


def register(commands: Commands) -> None:
    """Add the commands of this module."""
    parser = command(commands, "list", show_all, "the competitions that the kit knows", "kit list --json")
    with_json(parser)
    parser = command(commands, "show", show_one, "one competition in full, with its profiles", "kit show patent")
    with_name(parser)
    with_json(parser)
    parser = command(commands, "doctor", examine, "where am I, and what is here", "kit doctor")
    with_json(parser)


def show_all(arguments: argparse.Namespace) -> None:
    """Print every competition in a line."""
    from common import registry

    competitions, broken = registry.every()
    for error in broken:
        print(f"warning: {error}", file=sys.stderr)
    rows = [["NAME", "METRIC", "SUBMITTED AS", "PROFILES", "TITLE"]]
    rows += [[each.name, each.metric, each.submitted_as, ",".join(each.profiles), each.title] for each in competitions]
    keys = ("name", "slug", "title", "metric", "submitted_as")
    documents = [{key: getattr(each, key) for key in keys} | {"profiles": list(each.profiles)} for each in competitions]
    report(arguments, documents, lambda: table(rows))


def show_one(arguments: argparse.Namespace) -> None:
    """Print a competition's description."""
    from common import registry

    competition = registry.get(arguments.name)
    document = competition.as_dict() | {"greater_is_better": _greater_is_better(competition.metric)}
    report(arguments, document, lambda: _description(competition))


def _greater_is_better(metric: str) -> bool:
    from common.metrics.table import get

    return get(metric).greater_is_better


def _description(competition: Competition) -> str:
    submission, limits = competition.submission, competition.limits
    direction = "higher is better" if _greater_is_better(competition.metric) else "lower is better"
    also = f"; also reported: {', '.join(competition.also_report)}" if competition.also_report else ""
    cell = submission.cell
    kind = "" if cell.kind == "number" else f", {cell.kind}"
    bounds = "" if cell.low is None or cell.high is None else f", from {cell.low:g} to {cell.high:g}"
    clipped = " (clipped)" if cell.clip else ""
    daily = "not known" if limits.daily_submissions is None else limits.daily_submissions
    facts = {
        "metric": f"{competition.metric} ({direction}){also}",
        "train": _columns(competition.files.train),
        "test": _columns(competition.files.test),
        "sample": _columns(competition.files.sample_submission),
        "submission": f"{submission.file_name}: {', '.join(submission.columns)}{kind}{bounds}{clipped}",
        "submitted": f"as a {competition.submitted_as}, daily submissions: {daily}",
        "sessions": f"{limits.session_hours:g} h, internet {'on' if limits.internet else 'off'}",
        "split": _split(competition.split),
    }
    head = [
        f"{competition.title} ({competition.name})",
        competition.summary,
        competition.url,
        "",
        _table(facts.items()),
    ]
    return "\n".join([*head, *chain.from_iterable(starmap(_profile, competition.profiles.items()))])


def _profile(name: str, config: Config) -> list[str]:
    """Return a profile's settings, each with the reason for it, as lines of text."""
    from common.settings import flat, reasons

    why = reasons(config)
    values = {key: value for key, value in flat(config).items() if value is not None and key[:6] != "split."}
    split = f" on a split of its own: {_split(config.split)}" if config.split else ""
    return ["", f"profile {name}{split}", _table([(f"  {key}", values[key], why.get(key, "")) for key in values])]


def _columns(source: Source) -> str:
    return f"{source.file}: {', '.join(column.name for column in source.columns)}"


def _table(rows: Iterable[Sequence[object]]) -> str:
    return table(rows, get_terminal_size((120, 24)).columns)


def _split(split: Split) -> str:
    parts = [split.kind, f"holdout {split.holdout:g}" if split.holdout else f"{split.n_splits} folds"]
    parts += [f"{key} {value}" for key in ("group", "stratify", "order", "column") if (value := getattr(split, key))]
    return ", ".join([*parts, f"seed {split.seed}"])


def examine(arguments: argparse.Namespace) -> None:
    """Print what this machine is and has."""
    from common import data, environment, registry, workers
    from common.kaggle import credentials
    from common.runs import provenance

    here = environment.detect()
    credential = credentials.find()
    competitions, broken = registry.every()
    document: dict[str, Any] = {
        "place": here.place,
        "python": sys.version.split()[0],
        "machine": provenance.machine(here),
        "memory_available_bytes": environment.available_memory(),
        "disk_free_bytes": environment.free_disk(here.working),
        "working": str(here.working),
        "inputs": [str(path) for path in here.inputs if path.is_dir()],
        "internet": here.online(),
        "versions": provenance.versions(),
        "data": {
            each.name: [str(at) for at in data.usual_folders(each, here) if data.locate(at, each.files.test)]
            for each in competitions
        },
        "looked_in": {each.name: list(map(str, data.usual_folders(each, here))) for each in competitions},
        "broken": list(map(str, broken)),
        "credential": {
            "kind": credential.kind,
            "source": credential.source,
            "username": credential.username,
            "warnings": list(credential.warnings),
        },
        "workers": workers.about(os.environ),
        "stand_in": os.environ.get("KIT_KAGGLE"),
    }
    report(arguments, document, lambda: _diagnosis(document))


def _diagnosis(document: dict[str, Any]) -> str:
    machine, credential, workers = document["machine"], document["credential"], document["workers"]
    memory, available = (size / 2**30 for size in (machine["memory_bytes"], document["memory_available_bytes"]))
    versions = (f"{name} {version}" for name, version in document["versions"].items() if name != "python")
    kaggle = [credential["kind"], credential["source"], credential["username"]]
    kaggle = ["no credential"] if credential["kind"] == "none" else kaggle
    if document["stand_in"]:
        kaggle.append(f"for the stand-in {document['stand_in']} (KIT_KAGGLE)")
    sizes = [(gpu["name"], gpu["memory_bytes"]) for gpu in machine["gpus"]]
    gpus = (f"{name} ({f'{size / 2**30:.0f} GiB' if size else 'memory unknown'})" for name, size in sizes)
    facts = {
        "place": document["place"],
        "machine": f"{machine['processor']}, {machine['cpus']} CPUs, memory {memory:.1f} GiB, {available:.1f} free",
        "gpus": ", ".join(gpus) or "none",
        "disk": f"{document['disk_free_bytes'] / 1e9:.1f} GB free at {document['working']}",
        "internet": "on" if document["internet"] else "off",
        "python": document["python"],
        "libraries": ", ".join(versions),
        "kaggle": " ".join(filter(None, kaggle)),
        "workers": f"Ray {workers['ray']}; {workers['listens']}; no dashboard, no telemetry"
        if workers["ray"]
        else "Ray is not installed",
    }
    for name, folders in document["data"].items():
        facts[f"data {name}"] = ", ".join(folders) or f"not found in {', '.join(document['looked_in'][name])}"
    warnings = [*document["broken"], *credential["warnings"], *workers["warnings"]]
    return _table([*facts.items(), *(("warning", text) for text in warnings)])
