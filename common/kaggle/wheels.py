"""Wheels that an internet-off kernel needs and Kaggle's image lacks."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from common.errors import SettingError
from common.kaggle.errors import KaggleError
from common.kaggle.retry import Tell, silent

if TYPE_CHECKING:
    from packaging.requirements import Requirement

PYTHON = "3.12"
PLATFORMS = ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64", "any")
"""What wheels may be built for: the image's glibc is newer than all of them."""

_PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)\s*(==\s*(?P<version>\S+))?")


@cache
def image() -> Mapping[str, str | None]:
    """Return what Kaggle's image carries: canonical package name to version, None where it floats."""
    found: dict[str, str | None] = {}
    for line in files("common.kaggle").joinpath("image.txt").read_text(encoding="utf-8").splitlines():
        if match := _PIN.match(line.split("#")[0].strip()):
            found[canonical(match["name"])] = match["version"]
    return found


def missing(requirements: Iterable[str]) -> list[str]:
    """Return those requirements that the image does not fulfil, in their order.

    A package that the image carries in a floating version counts as fulfilled only without a version
    asked for, because nobody can tell.

    Raises:
        SettingError: for a requirement that is none.
    """
    return [text for text in requirements if (parsed := _parse(text)) is not None and not _fulfilled(parsed)]


def download_command(requirements: Sequence[str], folder: Path) -> list[str]:
    """Return the pip command that fetches the wheels for Kaggle's Python, whatever Python runs here."""
    platforms = [argument for platform in PLATFORMS for argument in ("--platform", platform)]
    target = ["--python-version", PYTHON, "--implementation", "cp", "--abi", f"cp{PYTHON.replace('.', '')}"]
    return [
        *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"),
        *("--no-deps", "--only-binary=:all:"),
        *target,
        *("--abi", "abi3", "--abi", "none"),
        *platforms,
        *("--dest", str(folder)),
        *requirements,
    ]


def fetch(requirements: Iterable[str], folder: Path, *, tell: Tell = silent) -> list[Path]:
    """Fetch the wheels that the image lacks into a folder, and return them.

    Dependencies are not followed: what a wheel needs and the image lacks is named as a requirement of its own.

    Raises:
        KaggleError: with pip's last line, if a package has no wheel for Kaggle's Python.
    """
    wanted = missing(requirements)
    if not wanted:
        tell("Kaggle's image carries everything; no wheel is needed")
        return []
    folder.mkdir(parents=True, exist_ok=True)
    before = set(folder.glob("*.whl"))
    done = subprocess.run(download_command(wanted, folder), capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or ["pip failed"]
        raise KaggleError(f"no wheels for {', '.join(wanted)} on Python {PYTHON}: {errors[-1].removeprefix('ERROR: ')}")
    tell(f"fetched {len(set(folder.glob('*.whl')) - before)} wheels for {', '.join(wanted)}")
    return sorted(folder.glob("*.whl"))


def canonical(name: str) -> str:
    """Return a package's name as indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _parse(text: str) -> Requirement | None:
    from packaging.requirements import InvalidRequirement, Requirement

    bare = text.split("#")[0].strip()
    try:
        parsed = Requirement(bare) if bare else None
    except InvalidRequirement as error:
        raise SettingError(f"{bare!r} is no requirement: {str(error).splitlines()[0]}") from error
    applies = parsed is None or parsed.marker is None or parsed.marker.evaluate(_IMAGE_MARKERS)
    return parsed if applies else None


_IMAGE_MARKERS = {
    "python_version": PYTHON,
    "python_full_version": f"{PYTHON}.13",
    "sys_platform": "linux",
    "platform_system": "Linux",
    "platform_machine": "x86_64",
    "os_name": "posix",
    "implementation_name": "cpython",
    "platform_python_implementation": "CPython",
}


def _fulfilled(requirement: Requirement) -> bool:
    carried = image()
    name = canonical(requirement.name)
    if name not in carried:
        return False
    version = carried[name]
    return requirement.specifier.contains(version, prereleases=True) if version else not requirement.specifier
