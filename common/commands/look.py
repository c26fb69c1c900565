"""Commands that only look: list, show, doctor."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from common.commands.options import Commands, command, report, table, with_json, with_name

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

    found = [registry.get(name) for name in registry.names()]
    rows = [["NAME", "METRIC", "SUBMITTED AS", "PROFILES", "TITLE"]]
    rows += [[each.name, each.metric, each.submitted_as, ",".join(each.profiles), each.title] for each in found]
    keys = ("name", "slug", "title", "metric", "submitted_as")
    documents = [{key: getattr(each, key) for key in keys} | {"profiles": list(each.profiles)} for each in found]
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


def _description(competition: Any) -> str:
    from common.settings import flat

    form, limits = competition.submission, competition.limits
    way = "higher is better" if _greater_is_better(competition.metric) else "lower is better"
    files = [competition.files.train, competition.files.test, competition.files.sample_submission]
    span = "" if form.low is None else f", from {form.low:g} to {form.high:g}{' (clipped)' if form.clip else ''}"
    online = "on" if limits.internet else "off"
    daily = "not known" if limits.daily_submissions is None else str(limits.daily_submissions)
    lines = [
        f"{competition.title} ({competition.name})",
        competition.summary,
        competition.url,
        "",
        f"metric      {competition.metric} ({way}); also reported: {', '.join(competition.also_report) or 'nothing'}",
        *[
            f"{'files' if not n else '':<12}{table.file}: {', '.join(c.name for c in table.columns)}"
            for n, table in enumerate(files)
        ],
        f"submission  {form.file_name}: {form.id}, {', '.join(form.targets)}{span}; as a {competition.submitted_as}",
        f"split       {_split(competition.split)}",
        f"limits      {limits.session_hours:g} h a session, internet {online}, daily submissions: {daily}",
    ]
    for name, config in competition.profiles.items():
        own = {key: value for key, value in flat(config).items() if not key.startswith("split.") and value is not None}
        own |= {"split": _split(config.split)} if config.split else {}
        lines += ["", f"profile {name}", *[f"  {key:<22}{value}" for key, value in own.items()]]
    return "\n".join(lines)


def _split(split: Any) -> str:
    parts = [split.kind, f"holdout {split.holdout:g}" if split.holdout else f"{split.n_splits} folds"]
    parts += [f"{key} {value}" for key in ("group", "stratify", "order", "column") if (value := getattr(split, key))]
    return ", ".join([*parts, f"seed {split.seed}"])


def examine(arguments: argparse.Namespace) -> None:
    """Print what this machine is and has."""
    from pathlib import Path

    from common import data, environment, registry
    from common.kaggle import credentials
    from common.runs import provenance

    here = environment.detect()
    credential = credentials.find()
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
        "data": {name: list(map(str, data.found(registry.get(name), here))) for name in registry.names()},
        "credential": {
            "kind": credential.kind,
            "source": credential.source,
            "username": credential.username,
            "warnings": list(credential.warnings),
        },
    }
    report(arguments, document, lambda: _diagnosis(document, Path(here.working)))


def _diagnosis(found: dict[str, Any], working: Any) -> str:
    machine, credential = found["machine"], found["credential"]
    gpus = ", ".join(f"{gpu['name']} ({gpu['memory_bytes'] / 2**30:.0f} GiB)" for gpu in machine["gpus"]) or "none"
    memory = (
        f"{(machine['memory_bytes'] or 0) / 2**30:.1f} GiB, {(found['memory_available_bytes'] or 0) / 2**30:.1f} free"
    )
    rows = [
        ("place", found["place"]),
        ("machine", f"{machine['processor']}, {machine['cpus']} CPUs, memory {memory}"),
        ("gpus", gpus),
        ("disk", f"{found['disk_free_bytes'] / 1e9:.1f} GB free at {working}"),
        ("internet", "on" if found["internet"] else "off"),
        ("python", found["python"]),
        (
            "libraries",
            ", ".join(f"{name} {version}" for name, version in found["versions"].items() if name != "python"),
        ),
        *((f"data {name}", ", ".join(folders) or "not found") for name, folders in found["data"].items()),
        ("kaggle", " ".join(filter(None, (credential["kind"], credential["source"], credential["username"])))),
        *(("warning", warning) for warning in credential["warnings"]),
    ]
    return "\n".join(f"{key:<12}{value}" for key, value in rows)
