"""Run folders in the stores of experiment trackers, on this machine: MLflow's SQLite, Trackio's SQLite, W&B offline.

A run folder is one run there, however often it is exported: what has changed since takes the place of what was there.
The trackers are no dependency of the kit, and nothing is sent: their telemetry is off, and their servers are never asked.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import redirect_stdout
from functools import partial
from pathlib import Path
from typing import Any

from common.errors import SettingError
from common.runs.records import RunRecord
from common.runs.run import Run

_QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true", "WANDB_MODE": "offline", "WANDB_SILENT": "true",
    "WANDB_ERROR_REPORTING": "false", "WANDB_DISABLE_CODE": "true", "WANDB_DISABLE_GIT": "true", "WANDB_CONSOLE": "off",
    "GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1",
}  # fmt: skip
_NEEDS = {"mlflow": "mlflow-skinny sqlalchemy alembic", "trackio": "trackio", "wandb": "wandb"}


def export(tracker: str, runs: Sequence[Run], out: Path) -> str:
    """Write runs into a tracker's store and return the command that shows them.

    Args:
        tracker: mlflow, trackio or wandb.
        runs: what to write.
        out: the folder of the store; runs that are there stay.

    Raises:
        SettingError: if the tracker is not installed.
    """
    out = out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    before = {name: os.environ.get(name) for name in (*_QUIET, "TRACKIO_DIR", "WANDB_DIR")}
    os.environ.update(_QUIET | {"TRACKIO_DIR": str(out), "WANDB_DIR": str(out)})
    try:
        try:
            module = importlib.import_module(tracker)
        except ImportError as error:
            raise SettingError(f"{tracker} is not installed ({error}): pip install {_NEEDS[tracker]}") from None
        with redirect_stdout(sys.stderr):  # what they tell is no result
            return EXPORTERS[tracker](module, runs, out)
    finally:
        for name, value in before.items():
            os.environ.pop(name, None) if value is None else os.environ.update({name: value})


def _mlflow(mlflow: Any, runs: Sequence[Run], out: Path) -> str:
    uri = f"sqlite:///{out / 'mlflow.db'}"
    mlflow.set_tracking_uri(uri)
    for run in runs:
        record = run.record
        if mlflow.get_experiment_by_name(record.competition) is None:
            mlflow.create_experiment(record.competition, artifact_location=(out / "artifacts").as_uri())
        mlflow.set_experiment(record.competition)
        there = mlflow.search_runs(experiment_names=[record.competition], output_format="list")
        if _is_there(run, ((each.data.tags, partial(mlflow.delete_run, each.info.run_id)) for each in there)):
            continue
        with mlflow.start_run(run_name=run.folder.resolve().name):
            mlflow.log_params({name: str(value)[:500] for name, value in _settings(record).items()})
            mlflow.set_tags({"status": record.outcome, "kit": record.kit, "code": record.code.hash, **_mark(run)})
            mlflow.log_metrics(_figures(record))
            for step, figures in _by_fold(record).items():
                mlflow.log_metrics(figures, step=step)
    return f"mlflow ui --backend-store-uri {uri}"


def _trackio(trackio: Any, runs: Sequence[Run], out: Path) -> str:
    for run in runs:
        record = run.record
        there = trackio.Api().runs(record.competition) if (out / f"{record.competition}.db").is_file() else ()
        if _is_there(run, ((each.config or {}, each.delete) for each in there)):
            continue
        settings = _settings(record) | _mark(run)
        trackio.init(project=record.competition, name=run.folder.resolve().name, config=settings, embed=False)
        for figures in _by_fold(record).values():
            trackio.log(figures)
        trackio.log(_figures(record))
        trackio.finish()
    return f"TRACKIO_DIR={out} trackio show"


def _wandb(wandb: Any, runs: Sequence[Run], out: Path) -> str:
    for run in runs:
        record, mark = run.record, _mark(run)
        id = hashlib.sha256(mark["folder"].encode()).hexdigest()[
            :16
        ]  # W&B adds what is sent later to the run of that id
        for folder in (out / "wandb").glob(f"offline-run-*-{id}"):
            shutil.rmtree(folder)
        begun = wandb.init(
            project=record.competition, name=run.folder.resolve().name, config=_settings(record) | mark, dir=str(out),
            mode="offline", tags=[record.profile], reinit="finish_previous", id=id,
        )  # fmt: skip
        for figures in _by_fold(record).values():
            begun.log(figures)
        begun.summary.update(_figures(record))
        begun.finish()
    return f"wandb sync {out / 'wandb'}/offline-run-* (sends them to W&B)"


EXPORTERS: dict[str, Callable[[Any, Sequence[Run], Path], str]] = {
    "mlflow": _mlflow,
    "trackio": _trackio,
    "wandb": _wandb,
}


def _mark(run: Run) -> dict[str, str]:
    """Return what tells a run in a store from others, and from what it was when it was exported before."""
    record = json.dumps(run.record.to_json(), sort_keys=True)
    return {"folder": str(run.folder.resolve()), "record": hashlib.sha256(record.encode()).hexdigest()[:16]}


def _is_there(run: Run, there: Iterable[tuple[Mapping[str, Any], Callable[[], Any]]]) -> bool:
    """Whether a run stands among those in a store (its marks, and what removes it) as it is; an earlier state is removed."""
    mark, found = _mark(run), False
    for marks, remove in there:
        if marks.get("folder") == mark["folder"]:
            if marks.get("record") == mark["record"]:
                found = True
            else:
                remove()
    return found


def _settings(record: RunRecord) -> dict[str, Any]:
    return {"profile": record.profile, **record.settings, "kit": record.kit, "data": ", ".join(record.data.values())}


def _figures(record: RunRecord) -> dict[str, float]:
    """Return the scores of all rows and the seconds, by names that every tracker takes."""
    scores = {f"cv_{_name(name)}": value for name, value in record.scores.items() if value is not None}
    optimistic = {f"optimistic_{_name(name)}": value for name, value in record.optimistic.items() if value is not None}
    return {**scores, **optimistic, **{f"seconds_{_name(name)}": value for name, value in record.seconds.items()}}


def _by_fold(record: RunRecord) -> dict[int, dict[str, float]]:
    return {
        number: {f"fold_{_name(name)}": value for name, value in fold.scores.items() if value is not None}
        for number, fold in record.folds.items()
    }


def _name(metric: str) -> str:
    return metric.replace("@", "_at_")
