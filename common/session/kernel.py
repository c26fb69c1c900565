"""A kernel while it runs: its settings, its machine and its outputs.

The same `kernel.py` runs on Kaggle, where the kit's sources came inside it, and at home, where they are in the repository.
Three variables change what it does without changing it: `KIT_PROFILE` (the profile), `KIT_SET` (settings, as
`epochs=1 folds=0`) and `KIT_DATA` (the folder of the competition's files).
"""

from __future__ import annotations

import faulthandler
import json
import os
import shlex
import shutil
import sys
import time
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from common import data, registry
from common.competition import Competition, Config
from common.config import resolve
from common.data.archives import extract
from common.deadline import Deadline
from common.environment import PROJECT, Environment, detect
from common.errors import DataError, KernelError
from common.progress import Progress
from common.runs import oof, provenance
from common.session import machine, manifest, wheelhouse
from common.wording import listed

if TYPE_CHECKING:
    from common.pipeline.request import Request

BUNDLE = "bundle.json"
METADATA = "kernel-metadata.json"
RUN = "run.zip"
WHEELS = "wheels"  # of packages that the image lacks: an output, so that a kernel without internet finds them attached
LIGHT = ("sample", "baseline")  # profiles that every competition has and that need neither GPU nor internet
SPARE_SECONDS = 60.0  # between the watchdog and the end of the session


@dataclass(frozen=True, kw_only=True)
class Kernel:
    """One run of a kernel.

    `environment.working` is a folder for the time of the session; what is kept goes to `output`. `bundle` is the
    hash of the sources that came inside the kernel, empty at home. `metadata` is the content of its kernel-metadata.json.
    """

    name: str
    competition: Competition
    profile: str
    config: Config
    environment: Environment
    data: Path
    output: Path
    metadata: Mapping[str, Any]
    bundle: str = ""
    run: str = field(default_factory=lambda: uuid4().hex)
    started: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))

    @classmethod
    def begin(cls, name: str) -> Kernel:
        """Detect the environment, find the data, and make sure that this session ends in time.

        Raises:
            KitError: if the data is not here, or a profile or setting is unknown, in one line.
        """
        here = detect()
        bundled = read(PROJECT / BUNDLE) if (PROJECT / BUNDLE).exists() else {}
        metadata = read(PROJECT / "kernels" / name / METADATA)
        if not metadata.get("enable_internet"):
            os.environ["HF_HUB_OFFLINE"] = "1"  # rather than minutes of waiting for a network that is not there
        competition = registry.asked_for(metadata)
        home = here.working / "build" / "kernels" / name
        output = here.working if here.on_kaggle else home / "output"
        if here.on_kaggle:
            if metadata.get("enable_internet"):
                wheelhouse.fetch(competition.packages, output / WHEELS)
            wheelhouse.use((*here.inputs, output / WHEELS), here.temporary / "wheels")
        scratch = here.temporary / f"kernel-{name}" if here.on_kaggle else home / "work"
        if not here.on_kaggle:
            here = replace(here, inputs=(*here.inputs, home.parent))  # where other kernels' outputs lie
        named = os.environ.get("KIT_DATA")
        folder = data.find(competition, Path(named) if named else None, here)
        for path in (output, scratch):
            path.mkdir(parents=True, exist_ok=True)
        (output / manifest.MANIFEST).unlink(missing_ok=True)  # an earlier run's must not vouch for this one
        here = watched(here, competition.limits.session_hours)
        profile = os.environ.get("KIT_PROFILE") or bundled.get("profile") or "best"
        settings = shlex.split(os.environ.get("KIT_SET", "")) or bundled.get("settings", [])
        return cls(
            name=name,
            competition=competition,
            profile=profile,
            config=resolve(competition, profile, settings),
            environment=replace(here, working=scratch),
            data=folder,
            output=output,
            metadata=metadata,
            bundle=bundled.get("hash", ""),
        )

    def require(self, *, disk: float) -> None:
        """Check that the machine is what the kernel asks for, and print what it is; `disk` in bytes.

        Raises:
            DeviceError: within a minute, if it is not.
        """
        internet = self._demanding and bool(self.metadata.get("enable_internet"))
        lines = machine.require(self.environment, gpus=self.gpus, internet=internet, disk=disk)
        print("\n".join([*lines, f"data: {self.data}", f"code: {self.bundle[:12] or 'the repository'}"]))

    @property
    def gpus(self) -> int:
        """GPUs that the kernel asks for and needs; none at home."""
        needed = self._demanding and self.metadata.get("enable_gpu")
        return machine.GPUS.get(str(self.metadata.get("machine_shape")), 1) if needed else 0

    @property
    def _demanding(self) -> bool:
        return self.environment.on_kaggle and self.profile not in LIGHT

    @property
    def progress(self) -> Progress:
        """Plain lines, on the stream that notebooks do not paint red."""
        return Progress(sys.stdout, live=False)

    @property
    def deadline(self) -> Deadline:
        """When training has to end, so that everything can still be written."""
        return Deadline.of_session(self.environment.started, self.competition.limits.session_hours)

    def request(self) -> Request:
        """Return the request with which `pipeline.run` runs this kernel's profile afresh."""
        from common.pipeline.request import Request

        return Request(
            competition=self.competition, profile=self.profile, config=self.config, data=self.data,
            environment=self.environment, progress=self.progress, deadline=self.deadline,
            out=self.environment.working / "run", mode="fresh",
        )  # fmt: skip

    def attached_run(self) -> Path:
        """Return the folder of a finished run that another kernel, or a dataset, has brought as an input.

        Raises:
            DataError: if there is none, or more than one.
        """
        files = self.environment.attached(RUN, "run.json")
        runs = [path for path, parts in files if "work" not in parts]  # the kit's own working copies do not count
        if len(runs) != 1:
            what = listed(runs) or f"none under {listed(self.environment.inputs)}"
            raise DataError(f"one trained run is needed, found: {what}; attach the output of the training kernel")
        folder = self.environment.working / "run"  # a copy: inputs cannot be written to
        shutil.rmtree(folder, ignore_errors=True)
        if runs[0].name == RUN:
            extract(runs[0], folder)
        else:
            shutil.copytree(runs[0].parent, folder)
        return folder

    @contextmanager
    def falling_back(self) -> Iterator[None]:
        """In the hidden rerun, report an error and go on with what was written before; anywhere else raise it.

        A rerun that fails costs a submission without a score, and its log is not shown; everywhere else an error has to be
        seen.
        """
        try:
            yield
        except Exception:
            if self.environment.place != "kaggle-rerun":
                raise
            traceback.print_exc()

    def keep_run(self, folder: Path) -> tuple[str, ...]:
        """Keep a run: its submission and OOF predictions as files, all of it as one archive; return their names."""
        names = (self.competition.submission.file_name, oof.FILE)
        for name in names:
            shutil.copyfile(folder / name, self.output / name)
        manifest.pack(folder, self.output / RUN)
        return (RUN, *names)

    def finish(self, *names: str, **facts: Any) -> None:
        """Write the manifest of the output files and print them; nothing is written after it."""
        wheels = [path.relative_to(self.output).as_posix() for path in sorted((self.output / WHEELS).glob("*.whl"))]
        record = manifest.write(
            self.output,
            (*names, *wheels),
            {
                "kernel": self.name,
                "bundle": self.bundle,
                "run": self.run,
                "started": self.started,
                "finished": datetime.now(UTC).isoformat(timespec="seconds"),
                "profile": self.profile,
                "place": self.environment.place,
                "versions": provenance.versions(),
                **facts,
            },
        )
        for name, entry in record["files"].items():
            print(f"{entry['bytes']:>14,} bytes  {self.output / name}")


def watched(here: Environment, hours: float) -> Environment:
    """End this process, with the stack of every thread, shortly before a session of so many hours is over.

    Training stops by its deadline; this is for what hangs, which Kaggle may let run on at the cost of the quota.
    """
    if here.started is None:
        return here
    length = hours * 3600 - SPARE_SECONDS
    left = here.started + length - time.time()
    if left <= 0:  # the clock of a sandbox that is older than this session
        here, left = replace(here, started=time.time()), length
    faulthandler.dump_traceback_later(left, exit=True, file=sys.__stderr__ or sys.stderr)
    return here


def read(path: Path) -> dict[str, Any]:
    """Return a JSON object from a file of a kernel.

    Raises:
        KernelError: if it cannot be read as one.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise KernelError(f"{path} cannot be read as JSON: {error}") from None
    if not isinstance(content, dict):
        raise KernelError(f"{path} must be a JSON object")
    return content
