"""Where am I: Kaggle (interactive, batch, hidden rerun), Colab or a machine of one's own.

`KIT_ENVIRONMENT` overrides what is detected, for tests and for the rehearsal:
`KIT_ENVIRONMENT="place=kaggle-rerun root=/some/folder internet=off gpus=0"`. Every part is optional; `root` stands for
the `/` under which Kaggle's folders lie.
"""

from __future__ import annotations

import math
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import translate
from pathlib import Path
from typing import Literal, get_args
from urllib.request import getproxies

from common.errors import SettingError, UnknownName

Place = Literal["kaggle-interactive", "kaggle-batch", "kaggle-rerun", "colab", "local"]
OVERRIDE = "KIT_ENVIRONMENT"
SYSTEM = Path("/")  # where proc/ and sys/ lie
PROJECT = Path(__file__).resolve().parent.parent
DEPTH = 6  # folders below an input mount: /kaggle/input/<model>/<framework>/<variation>/<version>, and two to spare


@dataclass(frozen=True, kw_only=True)
class Gpu:
    """One accelerator and its memory in bytes; None where the driver does not tell."""

    name: str
    memory: int | None


@dataclass(frozen=True, kw_only=True)
class Environment:
    """What a run needs to know of the machine it runs on.

    `inputs` are the folders under which data may be mounted, `working` is where output is kept, `temporary` where large
    files may lie that need not be kept. `started` is the session's start in seconds since 1970, or None where sessions do
    not end. `internet` is None where it is not known.
    """

    place: Place
    inputs: tuple[Path, ...]
    working: Path
    temporary: Path
    started: float | None = None
    internet: bool | None = None
    gpu_count: int | None = None

    @property
    def on_kaggle(self) -> bool:
        """Whether this is one of Kaggle's sessions."""
        return self.place.startswith("kaggle")

    @property
    def cache(self) -> Path:
        """Where prepared data is kept between runs."""
        return Path(os.environ.get("KIT_CACHE") or self.temporary / "kit")

    def mounts(self, slug: str) -> list[Path]:
        """Return the folders where a competition's data may be mounted, the newer layout first."""
        return [root / part / slug for root in self.inputs for part in ("competitions", ".")]

    def attached(self, *patterns: str) -> list[tuple[Path, tuple[str, ...]]]:
        """Return the files below the inputs whose names match a pattern such as `*.pth`, with their parts below the input.

        The nearest come first, then the order is that of the paths. Kaggle mounts datasets, models and outputs of kernels
        some folders deep. Links are followed, as mounts may be links; a folder that is not there or may not be read holds
        nothing.
        """
        files = []
        for root in self.inputs:
            below = [path for path in _files_below(root, patterns) if path.is_file()]
            files += sorted(
                ((path, path.relative_to(root).parts) for path in below), key=lambda file: (len(file[1]), file)
            )
        return files

    def online(self) -> bool:
        """Whether the internet can be reached, as far as can be known without a connection."""
        if self.internet is not None:
            return self.internet
        if os.environ.get("HF_HUB_OFFLINE", "").lower() in ("1", "true", "yes", "on"):
            return False
        return _has_route()

    def gpus(self) -> tuple[Gpu, ...]:
        """Return the NVIDIA GPUs that the driver reports (at most `gpu_count`, if that is set)."""
        return _gpus()[: self.gpu_count]


def detect(environ: Mapping[str, str] | None = None) -> Environment:
    """Return the environment, from Kaggle's variables, Colab's modules and the override.

    Raises:
        SettingError, UnknownName: for an override that cannot be understood.

    >>> detect({"KAGGLE_KERNEL_RUN_TYPE": "Batch"}).place
    'kaggle-batch'
    >>> detect({"KIT_ENVIRONMENT": "place=local root=/home/me/project internet=off"}).online()
    False
    """
    if environ is None:
        environ = os.environ
        _limit_threads()
    override = _override(environ.get(OVERRIDE, ""))
    place = override.get("place") or _place(environ)
    if place not in get_args(Place):
        raise UnknownName(f"place in {OVERRIDE}", place, get_args(Place))
    internet = override.get("internet")
    root = Path(override.get("root", "/"))
    common = {
        "place": place,
        "internet": False if place == "kaggle-rerun" else None if internet is None else internet == "on",
        "gpu_count": int(override["gpus"]) if "gpus" in override else None,
    }
    if place.startswith("kaggle"):
        kaggle = root / "kaggle"
        return Environment(
            inputs=(kaggle / "input",),
            working=kaggle / "working",
            temporary=kaggle / "temp" if "root" in override else Path("/tmp"),  # noqa: S108  Kaggle's scratch disk
            started=float(override["started"]) if "started" in override else _boot(),
            **common,  # type: ignore[arg-type]
        )
    if place == "colab":
        content = root / "content"
        return Environment(inputs=(content / "data",), working=content, temporary=content / "temp", **common)  # type: ignore[arg-type]
    home = root if "root" in override else PROJECT
    return Environment(inputs=(home / "data",), working=home, temporary=home / ".cache", **common)  # type: ignore[arg-type]


def available_memory() -> int:
    """Return the free memory in bytes, of the machine or of the container that this process runs in."""
    import psutil

    return min([int(psutil.virtual_memory().available), *(max(0, limit - used) for limit, used in _memory_limits())])


def total_memory() -> int:
    """Return the memory in bytes, of the machine or of the container that this process runs in."""
    import psutil

    return min([int(psutil.virtual_memory().total), *(limit for limit, _ in _memory_limits())])


def free_disk(folder: Path) -> int:
    """Return the free bytes of the disk that holds `folder` (or its nearest parent that exists)."""
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


def _limit_threads() -> None:
    """Keep OpenMP and BLAS, here and in child processes, to the CPU time that there is: they see processors, no quota.

    Before they are imported. Threads wait for each other by spinning, which is a quarter faster where each has a processor,
    and takes twice the time where one of them has to wait for another program (benchmarks/busy.py).
    """
    if (cpus := cpu_count()) < _processors():
        os.environ.setdefault("OMP_NUM_THREADS", str(cpus))
    if "OMP_WAIT_POLICY" not in os.environ and threads() > 1 and all(map(_is_shared, (0, 0.005, 0.005))):
        os.environ["OMP_WAIT_POLICY"] = "PASSIVE"


def _is_shared(wait: float) -> bool:
    """Whether other programs compute, some seconds later, on processors that our threads would take."""
    time.sleep(wait)  # looked at more than once, lest a passing thread counts
    words = _words(SYSTEM / "proc/loadavg")  # the fourth is the threads that run, this one among them, and all
    return len(words) == 5 and int(words[3].split("/")[0]) - 1 + threads() > _processors()


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def cpu_count() -> int:
    """Return the CPUs that this process may use; of a container with a share of them, as many as do that work."""
    cpus = _processors()
    for group in _control_groups("cpu"):
        quota = _words(group / "cpu.max") or [*_words(group / "cpu.cfs_quota_us"), *_words(group / "cpu.cfs_period_us")]
        if len(quota) == 2 and quota[0].isdecimal():  # neither max nor -1
            cpus = min(cpus, max(1, math.ceil(int(quota[0]) / int(quota[1]))))
    return cpus


def threads() -> int:
    """Return the threads that a library may compute with: OMP_NUM_THREADS says, or there is one for each CPU."""
    return int(os.environ.get("OMP_NUM_THREADS") or cpu_count())


def cpu_has_bfloat16() -> bool:
    """Whether the processor multiplies bfloat16 matrices itself; without that, float32 is faster."""
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags


def _files_below(root: Path, patterns: tuple[str, ...]) -> Iterator[Path]:
    matches = re.compile("|".join(map(translate, patterns))).match
    for folder, folders, names in os.walk(root, followlinks=True):
        yield from (Path(folder, name) for name in names if matches(name))
        if len(Path(folder).relative_to(root).parts) == DEPTH:
            folders.clear()


def _place(environ: Mapping[str, str]) -> Place:
    # The rerun is a batch session with one more variable, so it comes first.
    if environ.get("KAGGLE_IS_COMPETITION_RERUN"):
        return "kaggle-rerun"
    if kind := environ.get("KAGGLE_KERNEL_RUN_TYPE"):
        return "kaggle-interactive" if kind.lower() == "interactive" else "kaggle-batch"
    return "colab" if "google.colab" in sys.modules or environ.get("COLAB_RELEASE_TAG") else "local"


def _override(text: str) -> dict[str, str]:
    known = ("place", "root", "internet", "gpus", "started")
    try:
        parts = dict(part.partition("=")[::2] for part in shlex.split(text))
    except ValueError as error:
        raise SettingError(f"{OVERRIDE}={text}: {error}; quote a value that holds a quote or a space") from None
    for key, value in parts.items():
        if key not in known:
            raise UnknownName(f"key in {OVERRIDE}", key, known)
        if key == "internet" and value not in ("on", "off"):
            raise SettingError(f"{OVERRIDE}: internet must be on or off, got {value!r}")
        if key in ("gpus", "started") and not value.replace(".", "", key == "started").isdecimal():
            raise SettingError(f"{OVERRIDE}: {key} must be a number, got {value!r}")
    return parts


def _boot() -> float:
    """Return when the container started: its first process has been there since."""
    try:
        return Path("/proc/1").stat().st_ctime
    except OSError:
        return time.time()


def _has_route() -> bool:
    """Whether there is a proxy, or the kernel knows a default route by IPv4 or IPv6; a sandbox without a network has none."""
    if {"https", "all"} & {*getproxies()}:
        return True
    four, six = ((SYSTEM / "proc/net" / name) for name in ("route", "ipv6_route"))
    if not four.exists() and not six.exists():
        return True
    # The loopback device has a default route by IPv6, which leads nowhere.
    routes = [(words[1], words[0]) for words in map(str.split, _lines(four))]
    routes += [(words[0], words[-1]) for words in map(str.split, _lines(six)) if words[1] == "00"]
    return any(set(destination) == {"0"} and device != "lo" for destination, device in routes)


def _lines(file: Path) -> list[str]:
    """Return the lines of one of the system's files but blank ones, none where there is no such file."""
    try:
        return [line for line in file.read_text(encoding="ascii", errors="replace").splitlines() if line.strip()]
    except OSError:
        return []


def _words(file: Path) -> list[str]:
    return " ".join(_lines(file)).split()


def _control_groups(controller: str) -> Iterator[Path]:
    """Yield the folders of the control groups, of either version, that this process is in: the limits of all hold."""
    for line in _lines(SYSTEM / "proc/self/cgroup"):
        _, controllers, path = line.split(":", 2)
        if controllers == "" or controller in controllers.split(","):
            top = SYSTEM / "sys/fs/cgroup" / (controllers and controller)
            group = top / path.lstrip("/")  # which a container may not see; then the top is its own
            yield from (folder for folder in (group, *group.parents) if folder.is_relative_to(top))


def _memory_limits() -> Iterator[tuple[int, int]]:
    """Yield limits of memory that hold for this process, and how much of each is used and cannot be freed."""
    for group in _control_groups("memory"):
        for limit, used in (("max", "current"), ("limit_in_bytes", "usage_in_bytes")):
            figures = [*_words(group / f"memory.{limit}"), *_words(group / f"memory.{used}")]
            if len(figures) == 2 and figures[0].isdecimal():
                words = _words(group / "memory.stat")
                pages = dict(zip(words[::2], words[1::2], strict=False))
                yield int(figures[0]), int(figures[1]) - int(pages.get("inactive_file", 0))


def _gpus() -> tuple[Gpu, ...]:
    if not (program := shutil.which("nvidia-smi")):
        return ()
    query = [program, "--query-gpu=name,memory.total", "--format=csv,noheader,nounits"]
    try:
        output = subprocess.run(  # noqa: S603
            query, capture_output=True, text=True, errors="replace", timeout=20, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return ()
    rows = [line.rsplit(",", 1) for line in output.splitlines() if "," in line]
    # A GPU that shares the CPU's memory has none of its own, and a container may not be told: [N/A], ERR!
    memories = (int(memory) * 2**20 if memory.strip().isdecimal() else None for _, memory in rows)
    return tuple(Gpu(name=row[0].strip(), memory=memory) for row, memory in zip(rows, memories, strict=True))
