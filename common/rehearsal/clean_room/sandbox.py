"""What isolates a kernel from this machine: bubblewrap, namespaces made by `unshare`, or next to nothing.

In its sandbox a kernel finds the folders of Kaggle where they are on Kaggle, its inputs read-only, this
machine's programs and the chosen Python read-only, an empty home, and nothing else: neither the
repository nor the user's files. Where no sandbox can be built (a container without rights, another system
than Linux) the same folders lie below a temporary root that `KIT_ENVIRONMENT` announces, and `gaps` says
what is not as on Kaggle.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from common.environment import PROJECT
from common.rehearsal.clean_room.python import Python
from common.rehearsal.stand_in.running import Input

WORKING, TEMPORARY, SOURCE, INPUT = "kaggle/working", "kaggle/temp", "kaggle/src", "kaggle/input"
HOME, SCRATCH = "root", "tmp"
FOLDERS = (WORKING, TEMPORARY, SOURCE, INPUT, HOME, SCRATCH)
PATH = "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc", "/opt", "/sys")
DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
# Through these, root could change this machine's settings. A mount of /proc is fresh and its own; of the rest nothing may
# be writable either, however deep it is mounted: containers have files in /etc and control groups in /sys.
SETTINGS = ("/proc/sys", "/proc/irq", "/proc/bus", "/proc/fs", "/proc/sysrq-trigger")
WALLED = (
    "! grep -E ' /(proc/sys|sys|usr|etc|opt)(/[^ ]*)? rw[, ]' /proc/self/mountinfo >&2 && [ ! -w /proc/sys/kernel ]"
)
# Namespaces begin with a loopback device that is down; notebooks talk to their kernel through it.
LOOPBACK_UP = (
    "import fcntl, socket, struct;"
    "fcntl.ioctl(socket.socket(socket.AF_INET, socket.SOCK_DGRAM), 0x8914, struct.pack('16sh14x', b'lo', 1))"
)


@dataclass(frozen=True, kw_only=True)
class Sandbox:
    """One kernel's sandbox: `folder` holds what it may write, `internet` and `gpu` say what it may reach."""

    folder: Path
    inputs: tuple[Input, ...]
    python: Python
    internet: bool
    gpu: bool = False

    def make_folders(self) -> None:
        """Make the folders that the kernel finds."""
        for name in FOLDERS:
            (self.folder / name).mkdir(parents=True, exist_ok=True)

    def devices(self) -> list[Path]:
        """Return the device files of the accelerators."""
        return sorted(Path("/dev").glob("nvidia*")) if self.gpu else []


@dataclass(frozen=True)
class Mount:
    """Something that a kernel sees: a file or folder of this machine, or an empty folder if there is no `source`."""

    target: str
    source: Path | None = None
    writable: bool = False


@dataclass(frozen=True, kw_only=True)
class Isolation(ABC):
    """One way to isolate a kernel; without `cuts_network` only Python code is kept off the network."""

    name: str
    cuts_network: bool = True

    @property
    def gaps(self) -> tuple[str, ...]:
        """What is not as on Kaggle."""
        if self.cuts_network:
            return ()
        return ("internet is off for Python code only: no network namespace can be made here",)

    @property
    def program(self) -> str:
        """The program that isolates, wherever this process finds it: a kernel has another PATH."""
        name = {"bubblewrap": "bwrap"}.get(self.name, self.name)
        return shutil.which(name) or name

    def root(self, sandbox: Sandbox) -> Path:
        """Return where the kernel finds Kaggle's `/`."""
        return Path("/")

    @abstractmethod
    def enter(self, sandbox: Sandbox, command: list[str]) -> list[str]:
        """Return the command that runs `command` inside the sandbox."""


@dataclass(frozen=True, kw_only=True)
class Bubblewrap(Isolation):
    """Isolation by `bwrap`, which needs no rights where unprivileged user namespaces are allowed."""

    name: str = "bubblewrap"

    def enter(self, sandbox: Sandbox, command: list[str]) -> list[str]:
        """Return the command that runs `command` inside the sandbox."""
        words = [self.program, "--die-with-parent", "--new-session", "--cap-drop", "ALL"]
        words += ["--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try", "--hostname", "kaggle"]
        if self.cuts_network and not sandbox.internet:
            words.append("--unshare-net")
        words += ["--proc", "/proc", "--dev", "/dev"]
        for target, link in _links():
            words += ["--symlink", link, target]
        for mount in _mounts(sandbox):
            if mount.source is None:
                words += ["--tmpfs", mount.target]
            else:
                words += ["--bind" if mount.writable else "--ro-bind", str(mount.source), mount.target]
        for device in sandbox.devices():
            words += ["--dev-bind", str(device), str(device)]
        for mount in _mounts(sandbox):
            words += ["--remount-ro", mount.target] if mount.source is None else []
        return [*words, "--chdir", f"/{WORKING}", "--", *command]


@dataclass(frozen=True, kw_only=True)
class Unshare(Isolation):
    """Isolation by util-linux's `unshare` and `mount`, for root on machines without bubblewrap."""

    name: str = "unshare"

    def enter(self, sandbox: Sandbox, command: list[str]) -> list[str]:
        """Return the command that runs `command` inside the sandbox."""
        cut = self.cuts_network and not sandbox.internet
        words = [self.program, "--mount", "--pid", "--ipc", "--uts", "--cgroup", "--fork", "--kill-child"]
        words += ["--net"] if cut else []
        return [*words, "sh", "-ec", "\n".join(_script(sandbox, cut)), "sandbox", *command]


@dataclass(frozen=True, kw_only=True)
class NoIsolation(Isolation):
    """Folders below a temporary root; everything else of the machine stays visible."""

    name: str = "no isolation"
    cuts_network: bool = False

    @property
    def gaps(self) -> tuple[str, ...]:
        """What is not as on Kaggle."""
        return (
            "the repository, the home folder and all else of this machine are visible (Python does not import from them)",
            "/kaggle does not exist: the folders lie below a temporary root that KIT_ENVIRONMENT names",
            "inputs are copies; their files are write-protected, their folders are not",
            "internet is off for Python code only",
            *(["it runs as root, so it could change and end whatever runs here"] if os.geteuid() == 0 else []),
        )

    def root(self, sandbox: Sandbox) -> Path:
        """Return where the kernel finds Kaggle's `/`."""
        return sandbox.folder

    def enter(self, sandbox: Sandbox, command: list[str]) -> list[str]:
        """Return the command; the inputs are copied, so that nothing can happen to them."""
        for source in sandbox.inputs:
            copy = sandbox.folder / INPUT / source.mount
            shutil.copytree(source.folder, copy, dirs_exist_ok=True)
            for path in copy.rglob("*"):
                if path.is_file():  # folders stay writable, so that the sandbox can be removed
                    path.chmod(path.stat().st_mode & ~0o222)
        return command


@cache
def choose(*, internet: bool) -> Isolation:
    """Return the best isolation that works here for a session with or without internet."""
    for cuts in (True, False):
        for isolation in (Bubblewrap(cuts_network=cuts), Unshare(cuts_network=cuts)):
            if works(isolation, internet=internet):
                return isolation
    return NoIsolation()


def works(isolation: Isolation, *, internet: bool) -> bool:
    """Try an isolation out: a sandbox must open, take output, and let nothing of this machine be changed.

    Nothing is written to find that out but a file in the sandbox's own folder: the flags of the mounts are looked at.
    """
    test = ["sh", "-c", f"touch /{WORKING}/x && [ ! -w /{INPUT} ] && {WALLED}"]
    with tempfile.TemporaryDirectory(prefix="kit-sandbox-") as folder:
        sandbox = Sandbox(folder=Path(folder), inputs=(), python=Python.of("current"), internet=internet)
        sandbox.make_folders()
        try:
            command = isolation.enter(sandbox, test)
            ended = subprocess.run(command, capture_output=True, timeout=20, check=False, env={"PATH": PATH})  # noqa: S603
        except (OSError, subprocess.TimeoutExpired):
            return False
        return ended.returncode == 0


def _links() -> Iterator[tuple[str, str]]:
    """Yield the system folders that are symbolic links, as on every merged-usr system."""
    for name in SYSTEM:
        if Path(name).is_symlink():
            yield name, str(Path(name).readlink())


def _mounts(sandbox: Sandbox) -> Iterator[Mount]:
    """Yield everything that a kernel sees, folders before what lies in them."""
    for name in SYSTEM:
        if Path(name).is_dir() and not Path(name).is_symlink():
            yield Mount(name, Path(name))
    if sandbox.internet and Path("/run/systemd/resolve").is_dir():
        yield Mount("/run/systemd/resolve", Path("/run/systemd/resolve"))  # /etc/resolv.conf leads there
    for name in (SCRATCH, HOME):
        yield Mount(f"/{name}", sandbox.folder / name, writable=True)
    project = PROJECT.resolve()
    within: list[Path] = []
    elsewhere: list[Path] = []
    for folder in sorted(sandbox.python.folders):
        (within if folder.is_relative_to(project) else elsewhere).append(folder)
    for folder in elsewhere:
        if not folder.is_relative_to("/usr"):
            yield Mount(str(folder), folder)
    if any(project.is_relative_to(folder) for folder in (*map(Path, SYSTEM), *elsewhere)):
        yield Mount(str(project))  # the repository lies in what a kernel sees, and stays hidden
    for folder in within:
        yield Mount(str(folder), folder)
    for name in (WORKING, TEMPORARY):
        yield Mount(f"/{name}", sandbox.folder / name, writable=True)
    yield Mount(f"/{SOURCE}", sandbox.folder / SOURCE)
    yield Mount(f"/{INPUT}")
    for source in sandbox.inputs:
        yield Mount(f"/{INPUT}/{source.mount}", source.folder)


def _script(sandbox: Sandbox, cut: bool) -> Iterator[str]:
    """Yield the lines of shell that build the sandbox inside fresh namespaces and then become the command."""
    root = sandbox.folder / "sandbox"
    root.mkdir(exist_ok=True)
    yield f"root={shlex.quote(str(root))}"
    yield "mount -t tmpfs -o mode=755 sandbox $root; mkdir $root/proc $root/dev"
    yield "mount -t proc proc $root/proc; mount -t tmpfs -o mode=755 dev $root/dev; mkdir $root/dev/pts $root/dev/shm"
    yield "mount -t devpts -o newinstance,ptmxmode=0666 pts $root/dev/pts; ln -s pts/ptmx $root/dev/ptmx"
    yield "mount -t tmpfs shm $root/dev/shm; ln -s /proc/self/fd $root/dev/fd"
    yield "for n in 0:in 1:out 2:err; do ln -s /proc/self/fd/${n%:*} $root/dev/std${n#*:}; done"
    for device in [Path("/dev", name) for name in DEVICES] + sandbox.devices():
        if device.is_char_device():
            yield f"touch $root{device}; mount --bind {device} $root{device}"
    for target, link in _links():
        yield f"ln -s {shlex.quote(link)} $root{target}"
    for mount in _mounts(sandbox):
        target = f"$root{shlex.quote(mount.target)}"
        yield f"mkdir -p {target}"
        if mount.source is None:
            yield f"mount -t tmpfs -o mode=755 {mount.target.strip('/').replace('/', '-')} {target}"
            continue
        yield f"mount --rbind {shlex.quote(str(mount.source))} {target}"
    yield _read_only(
        f"$root{shlex.quote(mount.target)}" for mount in _mounts(sandbox) if mount.source and not mount.writable
    )
    for mount in _mounts(sandbox):
        if mount.source is None:
            yield f"mount -o remount,ro $root{shlex.quote(mount.target)}"
    for name in SETTINGS:
        if Path(name).exists():
            yield f"mount --bind $root{name} $root{name}; mount -o remount,bind,ro $root{name}"
    if cut:
        yield f"{shlex.quote(str(sandbox.python.executable))} -I -c {shlex.quote(LOOPBACK_UP)}"
    yield "cd $root; mkdir .host; pivot_root . .host; umount -l /.host; rmdir /.host"
    yield f'cd /{WORKING}; exec setpriv --bounding-set=-all --inh-caps=-all --no-new-privs -- "$@"'


def _read_only(targets: Iterable[str]) -> str:
    """Return the shell that makes these mounts read-only, with all that is mounted below them."""
    below = "|".join(f"{target}|{target}/*" for target in targets)
    remount = f'case $point in {below}) mount -o remount,bind,ro "$point";; esac'
    return (
        "while read -r _ _ _ _ point _; do"
        r' case $point in *\\*) point=$(printf %b "$point");; esac;'  # a space is \040
        f" {remount}; done < /proc/self/mountinfo"
    )
