"""Attached wheels: made importable without a network, and without touching what is installed."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

from common.errors import DeviceError


def use(inputs: tuple[Path, ...], folder: Path) -> list[str]:
    """Install the attached wheels of packages that are missing into `folder`, and put that at the end of the path.

    Packages that the machine has stay the ones that are used. Nothing is downloaded: what a wheel needs must be installed or
    attached too.

    Returns:
        The names of the wheels.

    Raises:
        DeviceError: with pip's reason, if they do not fit this Python.
    """
    wheels = [path for root in inputs for path in sorted(root.rglob("*.whl")) if not _installed(path)]
    if not wheels:
        return []
    if reason := pip("install", "--no-index", "--no-deps", "--target", str(folder), *map(str, wheels)):
        raise DeviceError(f"attached wheels cannot be installed: {reason}; make them anew with kit dataset wheels")
    sys.path.append(str(folder))
    return [path.name for path in wheels]


def fetch(packages: Sequence[str], folder: Path) -> None:
    """Download the wheels of those packages that are missing here, for this session and for one without a network.

    Args:
        packages: requirements; what they need in turn is a requirement of its own.
        folder: where the wheels are put; it is created only if there are any.

    Raises:
        DeviceError: with pip's reason, if there is none for this Python.
    """
    missing = [package for package in packages if not _has(re.split(r"[\s<>=!~\[;]", package, maxsplit=1)[0])]
    if not missing:
        return
    folder.mkdir(parents=True, exist_ok=True)
    if reason := pip("download", "--no-deps", "--only-binary=:all:", "--dest", str(folder), *missing):
        raise DeviceError(f"{', '.join(missing)} cannot be downloaded: {reason}; attach them with kit dataset wheels")


def pip(command: str, *arguments: str) -> str:
    """Run pip; return its reason if it fails, else an empty string."""
    words = [sys.executable, "-P", "-m", "pip", command, "--quiet", "--disable-pip-version-check", *arguments]
    done = subprocess.run(words, capture_output=True, text=True, errors="replace", check=False)  # noqa: S603
    errors = [line.removeprefix("ERROR: ") for line in done.stderr.splitlines() if line.startswith("ERROR")]
    return (errors or ["pip failed"])[-1] if done.returncode else ""


def _installed(wheel: Path) -> bool:
    return _has(wheel.name.partition("-")[0])


def _has(name: str) -> bool:
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True
