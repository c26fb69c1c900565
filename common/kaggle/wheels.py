"""Wheels that an internet-off kernel needs and Kaggle's image lacks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from common.errors import SettingError
from common.kaggle.errors import KaggleError
from common.kaggle.retry import Notify, silent
from common.session.wheelhouse import pip
from common.wording import first_line

if TYPE_CHECKING:
    from packaging.requirements import Requirement

PYTHON = "3.12"
PLATFORMS = ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64", "any")
"""The platforms that wheels may be built for: the image's glibc is newer than all of them."""

_PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)\s*(==\s*(?P<version>\S+))?")


@cache
def image() -> Mapping[str, str | None]:
    """Return what Kaggle's image carries: canonical package name to version, None for one that is not pinned."""
    from packaging.utils import canonicalize_name

    lines = files("common.kaggle").joinpath("image.txt").read_text(encoding="utf-8").splitlines()
    pins = filter(None, (_PIN.match(line.split("#")[0].strip()) for line in lines))
    return {canonicalize_name(pin["name"]): pin["version"] for pin in pins}


def missing(requirements: Iterable[str]) -> list[str]:
    """Return those requirements that the image does not fulfil, in their order.

    A package that the image carries without a pinned version fulfils only a requirement without a version.

    Raises:
        SettingError: for text that is not a requirement.
    """
    return [text for text in requirements if (parsed := _parse(text)) is not None and not _fulfilled(parsed)]


def download_options(folder: Path) -> list[str]:
    """Return the options with which pip downloads wheels for Kaggle's Python, whatever Python runs here."""
    platforms = [option for platform in PLATFORMS for option in ("--platform", platform)]
    abis = [option for abi in (f"cp{PYTHON.replace('.', '')}", "abi3", "none") for option in ("--abi", abi)]
    target = ["--python-version", PYTHON, "--implementation", "cp", *abis, *platforms]
    return ["--no-deps", "--only-binary=:all:", *target, "--dest", str(folder)]


def fetch(requirements: Iterable[str], folder: Path, *, notify: Notify = silent) -> list[Path]:
    """Fetch the wheels that the image lacks into a folder, and return them.

    Dependencies are not followed: what a wheel needs and the image lacks is named as a requirement of its own.

    Raises:
        KaggleError: with pip's reason, if a package has no wheel for Kaggle's Python.
    """
    lacking = missing(requirements)
    if not lacking:
        notify("Kaggle's image carries everything; no wheel is needed")
        return []
    folder.mkdir(parents=True, exist_ok=True)
    before = set(folder.glob("*.whl"))
    if reason := pip("download", *download_options(folder), *lacking):
        raise KaggleError(f"no wheels for {', '.join(lacking)} on Python {PYTHON}: {reason}")
    notify(f"fetched {len(set(folder.glob('*.whl')) - before)} wheels for {', '.join(lacking)}")
    return sorted(folder.glob("*.whl"))


def _parse(text: str) -> Requirement | None:
    from packaging.requirements import InvalidRequirement, Requirement

    bare = text.split("#")[0].strip()
    try:
        parsed = Requirement(bare) if bare else None
    except InvalidRequirement as error:
        raise SettingError(f"{bare!r} is not a requirement: {first_line(error)}") from error
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
    from packaging.utils import canonicalize_name

    name = canonicalize_name(requirement.name)
    if name not in image():
        return False
    version = image()[name]
    return requirement.specifier.contains(version, prereleases=True) if version else not requirement.specifier
