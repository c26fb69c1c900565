"""A run is one folder; what is in it is whole, and the same command continues it.

run.json          what ran, on what, how long, with which scores
folds.csv         id, fold, and group where the split has groups
oof.csv           id, fold, target, prediction: empty where no fold has predicted the row yet
submission.csv    the mean of the folds' predictions of the test set; of a split by time the last fold's
log.txt           all messages, with their time
fold-0/ …         scores, predictions and the model of each finished fold
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from common import processes
from common.competition import Competition, Config
from common.errors import RunError
from common.files import atomic_folder, atomic_write
from common.runs import predictions, provenance
from common.runs.ledger import Ledger
from common.runs.predictions import Predictions
from common.runs.records import FORMAT, Code, Fold, RunRecord, Session, Status
from common.settings import flat
from common.wording import first_line, rounded

if TYPE_CHECKING:
    from common.model import Model

RECORD, FOLDS, LOG = "run.json", "folds.csv", "log.txt"
_PART = re.compile(r"\..+\.[0-9a-f]{8}\.part", re.DOTALL)  # as common.files names what is not whole yet
_FOLD = re.compile(r"fold-(0|[1-9][0-9]*)")
Mode = Literal["auto", "resume", "fresh"]


class Run:
    """One run's folder and its record."""

    def __init__(self, folder: Path, record: RunRecord) -> None:
        self.folder, self.record = folder, record

    @classmethod
    def open(cls, folder: Path, competition: str | None = None) -> Run:
        """Return a run that exists.

        Args:
            folder: the run's folder.
            competition: whose run it has to be, by name; None for any.

        Raises:
            RunError: if the folder holds none that this version can read, or one of another competition.
        """
        try:
            values = json.loads((folder / RECORD).read_text(encoding="utf-8"))
            readable = values.get("format") == FORMAT
            record = RunRecord.from_json(values) if readable or "competition" not in values else None
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            raise RunError(f"no run in {folder}: {RECORD} is missing or broken. kit train prints its folder") from None
        if record is None:
            version = values.get("kit", "0.1")
            raise RunError(f"{folder} is a run of kit {version}, which this version cannot read; train it again")
        if competition is not None and record.competition != competition:
            raise RunError(f"{folder} is a run of {record.competition}, not of {competition}")
        return cls(folder, record)

    @classmethod
    def begin(cls, folder: Path, record: RunRecord, mode: Mode) -> Run:
        """Return the run of `folder`: a new one with this record, or the one there if it is the same run.

        Raises:
            RunError: if it is another run, or other code would continue it.
        """
        if not (folder / RECORD).exists():
            if mode == "resume":
                raise RunError(f"nothing to resume in {folder}; leave out --resume to start there")
            if folder.is_dir() and any(
                path.name != LOG and not _PART.fullmatch(path.name) for path in folder.iterdir()
            ):
                raise RunError(f"{folder} holds files that are no run; give --out another folder")
            run = cls(folder, record)
        elif mode == "fresh":
            _require_run(folder)
            (folder / RECORD).unlink()  # first, so that a kill leaves nothing that looks like a run
            for path in folder.iterdir():
                if path.name != LOG:
                    _remove(path)
            run = cls(folder, record)
        else:
            run = cls.open(folder)
            run._check(record, mode)
        for path in sorted(folder.rglob(".*.part")):  # what a kill left half written
            if _PART.fullmatch(path.name):
                _remove(path)
        run._enter_session(record)
        return run

    def _enter_session(self, now: RunRecord) -> None:
        """Record who continues the run: it may be other code, versions or another machine."""
        began = time.strftime("%Y-%m-%dT%H:%M:%S%z")
        session = Session(began=began, code=now.code.hash, kit=now.kit, versions=now.versions, machine=now.machine)
        self.record.sessions.append(session)
        if self.record.submission is None:
            self.record.status, self.record.error = Status.RUNNING, ""
        self.save()

    def _check(self, now: RunRecord, mode: Mode) -> None:
        for part in ("competition", "settings", "data"):
            if changed := _differences(getattr(self.record, part), getattr(now, part)):
                raise RunError(
                    f"{self.folder} is a run with other {part} ({'; '.join(changed)}); "
                    "give --out another folder, or --fresh to replace it"
                )
        old, new = self.record.code.files, now.code.files
        if (changed := sorted(path for path in {*old, *new} if old.get(path) != new.get(path))) and mode != "resume":
            names = ", ".join(changed[:3]) + (f" and {len(changed) - 3} more" if len(changed) > 3 else "")
            raise RunError(
                f"{self.folder} was made by other code ({names} changed); --fresh starts again, --resume continues anyway"
            )

    def save(self) -> None:
        """Write the record; only the main process does."""
        if not processes.is_main():
            return
        with atomic_write(self.folder / RECORD, "w") as handle:
            json.dump(self.record.to_json(), handle, indent=1)
            handle.write("\n")

    @property
    def data_folder(self) -> Path | None:
        """The folder of the data that it was trained on, if it is still there."""
        folder = Path(self.record.data_folder)
        return folder if self.record.data_folder and folder.is_dir() else None

    def fold(self, number: int) -> Path:
        """Return the folder of a fold."""
        return self.folder / f"fold-{number}"

    def checkpoints(self, number: int) -> Path:
        """Return where a fold in progress may keep checkpoints."""
        return self.folder / f"fold-{number}-unfinished"

    def finished(self) -> list[int]:
        """Return the folds that are trained and saved."""
        names = (path.parent.name for path in self.folder.glob("fold-*/fold.json"))
        return sorted(int(name[5:]) for name in names if _FOLD.fullmatch(name))

    def of_test(self) -> list[int]:
        """Return the finished folds whose models predict the test rows: of a split by time only the last one's.

        The models before it have not seen the rows that those of test follow.
        """
        finished = self.finished()
        return finished[-1:] if self.record.settings.get("split.kind") == "time" else finished

    def keep_fold(self, number: int, model: Model, valid: Predictions, test: Predictions, record: Fold) -> None:
        """Write a finished fold in one step and drop its checkpoints."""
        with atomic_folder(self.fold(number)) as folder:
            (folder / "model").mkdir()
            model.save(folder / "model")
            for name, values in (("valid", valid), ("test", test)):
                predictions.save(values, folder, name)
            (folder / "fold.json").write_text(json.dumps(record.to_json(), indent=1) + "\n", encoding="utf-8")
        shutil.rmtree(self.checkpoints(number), ignore_errors=True)

    def fold_record(self, number: int) -> Fold:
        """Return what `keep_fold` recorded."""
        with self._reading(number):
            return Fold.from_json(json.loads((self.fold(number) / "fold.json").read_text(encoding="utf-8")))

    def predictions(self, number: int, part: Literal["valid", "test"]) -> Predictions:
        """Return a finished fold's predictions of its validation rows or of the test set."""
        with self._reading(number):
            return predictions.load(self.fold(number), part)

    @contextmanager
    def _reading(self, number: int) -> Iterator[None]:
        try:
            yield
        except (OSError, EOFError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise RunError(
                f"{self.fold(number)} is damaged ({first_line(error)}); remove it, and the same kit train makes it again"
            ) from error


def new_record(
    competition: Competition,
    profile: str,
    config: Config,
    data: dict[str, str],
    data_folder: Path,
    machine: dict[str, object],
) -> RunRecord:
    """Return the record of a run that begins; which folds are trained is no part of it, so that folds can be added.

    `data` are the hashes of the files in `data_folder`, by name.
    """
    files = provenance.code_files(competition.name)
    return RunRecord(
        competition=competition.name,
        profile=profile,
        metric=competition.metric,
        settings={key: value for key, value in flat(config).items() if key != "folds"},
        data=data,
        data_folder=str(data_folder.resolve()),
        code=Code(hash=provenance.code_hash(files), files=files),
        versions=provenance.versions(),
        machine=machine,
    )


def trained_on(folder: Path) -> Path | None:
    """Return the folder of the data that a run was trained on; None where there is no run, or the data is gone."""
    try:
        return Run.open(folder).data_folder
    except RunError:
        return None


def enter(folder: Path, ledger: Ledger, settings: str, data: str) -> None:
    """Write a finished run's line into the ledger.

    Args:
        folder: the run's.
        ledger: the competition's.
        settings: what differs from its profile.
        data: the folder of its data.

    Raises:
        DeviceError: if it cannot be written.
    """
    run = Run.open(folder)
    record = run.record
    assert record.submission is not None  # noqa: S101  it has just been written
    ledger.add(
        "run", run=folder.name, profile=record.profile, settings=settings, data=data, metric=record.metric,
        cv=record.scores[record.metric], folds=" ".join(map(str, record.folds)),
        fold_scores=" ".join(rounded(fold.scores.get(record.metric)) for fold in record.folds.values()),
        nothing=record.nothing.get(record.metric), rows=record.rows_scored, seconds=round(sum(record.seconds.values()), 1),
        file=folder / record.submission.file, sha256=record.submission.sha256, status=record.outcome,
    )  # fmt: skip


def default_folder(root: Path, record: RunRecord) -> Path:
    """Return the folder of a run that was given none: the same settings and data have the same one."""
    deciding = json.dumps([record.competition, record.settings, record.data], sort_keys=True)
    return root / f"{record.profile}-{hashlib.sha256(deciding.encode()).hexdigest()[:8]}"


def _require_run(folder: Path) -> None:
    """Refuse a folder that no version of the kit has made as a run, before anything of it is removed."""
    try:
        values = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        values["competition"], values["profile"], values["settings"], values["code"]["files"], values["sessions"]
    except (OSError, ValueError, KeyError, TypeError):
        raise RunError(
            f"{folder} is no run of the kit, so --fresh replaces nothing there; give --out another folder"
        ) from None


def _differences(old: Any, new: Any) -> list[str]:
    if not isinstance(old, dict) or not isinstance(new, dict):
        return [] if old == new else [f"{old} there, {new} here"]
    keys = sorted({*old, *new})
    return [f"{key}: {old.get(key)} there, {new.get(key)} here" for key in keys if old.get(key) != new.get(key)]


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
