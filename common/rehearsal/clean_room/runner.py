"""The runner of the stand-in: each pushed kernel in a fresh sandbox, under Kaggle's limits."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

import psutil

from common.environment import PROJECT
from common.rehearsal.clean_room.limits import Watch, tree
from common.rehearsal.clean_room.log import Log
from common.rehearsal.clean_room.python import Python
from common.rehearsal.clean_room.sandbox import HOME, PATH, SOURCE, WORKING, Isolation, NoIsolation, Sandbox, choose
from common.rehearsal.stand_in.running import KernelRun, RunResult

INSIDE = Path(__file__).parent / "inside"
BESIDE = ".kit"  # in the folder of the source: what runs beside the kernel
EXECUTED = f"{HOME}/executed.ipynb"
"""A notebook with its outputs, as Kaggle shows it on the kernel's page."""

PACKAGES = f"{HOME}/packages"
_SECRET = re.compile(r"(KEY|TOKEN|SECRET|PASSWORD)$")
SHORTEST_SECRET = 8  # characters; shorter values would mask ordinary words


class CleanRoom:
    """Runs kernels; see `common.rehearsal.stand_in.running.Runner` for what it takes and returns.

    Args:
        python: what kernels run on; the kit's own environment by default.
        variables: environment variables that kernels find besides Kaggle's.
        internet: False keeps every kernel off the network, also those that ask for it.
        isolation: how kernels are isolated from this machine; by default the best way that works here.
        secrets: values masked in logs, besides everything that looks like a credential of Kaggle; by default
            those of this process's environment variables that are named like secrets.
    """

    def __init__(
        self,
        *,
        python: Python | None = None,
        variables: Mapping[str, str] | None = None,
        internet: bool = True,
        isolation: Isolation | None = None,
        secrets: Iterable[str] | None = None,
    ) -> None:
        self._python, self._variables = python or Python.of("current"), dict(variables or {})
        self._internet, self._isolation = internet, isolation
        self._secrets = tuple(_named_secrets(os.environ) if secrets is None else secrets)

    def isolation(self, *, internet: bool = False) -> Isolation:
        """Return the isolation of a session with or without internet."""
        return self._isolation or choose(internet=internet and self._internet)

    def describe(self) -> str:
        """Return what isolates kernels without internet from this machine, and below it what is not as on Kaggle."""
        isolation = self.isolation()
        return "\n  ".join([isolation.name + (", but" if isolation.gaps else ""), *isolation.gaps])

    def __call__(self, run: KernelRun, folder: Path) -> RunResult:
        """Run one kernel to its end."""
        sandbox = Sandbox(
            folder=folder.resolve(),
            inputs=run.inputs,
            python=self._python,
            internet=run.internet and self._internet,
            gpu=run.accelerator is not None,
        )
        isolation = self.isolation(internet=sandbox.internet)
        sandbox.make_folders()
        output = sandbox.folder / WORKING
        if run.language != "python":
            return RunResult(status="ERROR", output=output, failure=f"the clean room runs python, not {run.language}")
        command = self._command(run, sandbox, isolation.root(sandbox))
        with Log(run.emit, self._secrets) as log:
            process = subprocess.Popen(  # noqa: S603  running other people's code is what this is for
                isolation.enter(sandbox, command),
                cwd=output,
                env=self._environment(run, sandbox, isolation),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
            log.read(process)
            try:
                reason = Watch(process, output, run.limits, run.cancelled).wait()
            finally:
                _kill(process)
        failure = reason or _failure(process.returncode, log.last_error)
        return RunResult(status="ERROR" if failure else "COMPLETE", output=output, failure=failure)

    def _command(self, run: KernelRun, sandbox: Sandbox, root: Path) -> list[str]:
        """Write the source and return the command that runs it."""
        source, beside = sandbox.folder / SOURCE, sandbox.folder / SOURCE / BESIDE
        name = "script.py" if run.kernel_type == "script" else "notebook.ipynb"
        (source / name).write_text(run.source, encoding="utf-8")
        beside.mkdir()
        for file in ("notebook.py", "sitecustomize.py"):
            shutil.copyfile(INSIDE / file, beside / file)
        (sandbox.folder / PACKAGES).mkdir()
        source_file = str(root / SOURCE / name)
        if run.kernel_type == "script":
            return [str(self._python.executable), source_file]
        opener = str(root / SOURCE / BESIDE / "notebook.py")
        return [str(self._python.executable), opener, source_file, str(root / EXECUTED)]

    def _environment(self, run: KernelRun, sandbox: Sandbox, isolation: Isolation) -> dict[str, str]:
        """Return all variables of the kernel; none of this process's own is among them."""
        root = isolation.root(sandbox)
        path = [str(root / PACKAGES)]
        variables = {
            "PATH": f"{self._python.executable.parent}:{PATH}",
            "HOME": str(root / HOME),
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "MPLBACKEND": "agg",
            # Kaggle's machine is the kernel's alone, this one is not: threads that spin while they wait for each
            # other are then many times slower than threads that sleep.
            "OMP_WAIT_POLICY": "PASSIVE",
            "PYTHONWARNINGS": "ignore:IProgress not found",  # Kaggle has ipywidgets
            "PYTHONUNBUFFERED": "1",  # so that a killed kernel's last words are in its log
            "PYDEVD_DISABLE_FILE_VALIDATION": "1",  # a warning of the debugger that every notebook would begin with
            "PIP_TARGET": str(root / PACKAGES),  # the Python itself is read-only here; Kaggle's is not
            "KAGGLE_KERNEL_RUN_TYPE": "Batch",
            "KAGGLE_URL_BASE": "https://www.kaggle.com",
        }
        if run.rerun:
            variables["KAGGLE_IS_COMPETITION_RERUN"] = "1"
        if run.accelerator is None:
            variables["CUDA_VISIBLE_DEVICES"] = ""
        if isolation.gaps:
            path.insert(0, str(root / SOURCE / BESIDE))
            variables["KIT_SANDBOX_HIDES"] = str(PROJECT)
            if not sandbox.internet:
                variables["KIT_SANDBOX_OFFLINE"] = "1"
        if isinstance(isolation, NoIsolation):
            place = "kaggle-rerun" if run.rerun else "kaggle-batch"
            internet = "on" if sandbox.internet else "off"
            variables["KIT_ENVIRONMENT"] = f"place={place} root={root} internet={internet}"
            variables["TMPDIR"] = str(root / "tmp")
        return {**variables, "PYTHONPATH": os.pathsep.join(path), **self._variables}


def _failure(code: int, last_error: str) -> str:
    """Return why a kernel that ended by itself has failed; empty if it has not."""
    if code == 0:
        return ""
    if code in (-signal.SIGKILL, 128 + signal.SIGKILL):
        return "the kernel was killed by the system, most likely because the memory of this machine was used up"
    return f"the kernel ended with exit code {code}" + (f": {last_error}" if last_error else "")


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and all its descendants."""
    processes = list(tree(process.pid))
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    for each in processes[1:]:  # those that have left the group
        with suppress(psutil.NoSuchProcess):
            each.kill()
    process.wait()


def _named_secrets(environ: Mapping[str, str]) -> list[str]:
    return [value for name, value in environ.items() if _SECRET.search(name) and len(value) >= SHORTEST_SECRET]
