"""`make` on a machine with another Python than the kit needs."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from common.environment import PROJECT

OLD = """#!/bin/sh
exec {python} -c 'import sys; sys.version_info = (3, 10, 13, "final", 0); exec(sys.argv[1])' "$2"
"""


# As `python`, but an environment gets no pip, which takes seconds to unpack.
QUICK = """#!/bin/sh
[ "$2" != venv ] || set -- "$@" --without-pip
exec {python} "$@"
"""


def script(path: Path, text: str) -> None:
    path.write_text(text.format(python=sys.executable))
    path.chmod(0o755)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("Makefile", "pyproject.toml", "requirements.txt"):
        shutil.copyfile(PROJECT / name, tmp_path / name)
    script(tmp_path / "old-python", OLD)
    script(tmp_path / "quick-python", QUICK)
    return tmp_path


def make(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["make", "-C", str(folder), *words], capture_output=True, text=True)


@pytest.mark.slow
def test_an_old_python_is_told_in_one_line(folder: Path) -> None:
    done = make(folder, "dry-run", "PYTHON=./old-python")
    assert done.returncode != 0 and not (folder / ".venv").exists()
    assert "needs Python 3.11 or newer, and ./old-python is older: make dry-run PYTHON=python3.11" in done.stdout
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_an_environment_of_another_python_is_replaced(folder: Path) -> None:
    (folder / ".venv" / "bin").mkdir(parents=True)
    shutil.copyfile(folder / "old-python", folder / ".venv" / "bin" / "python")
    (folder / ".venv" / "bin" / "python").chmod(0o755)
    done = make(folder, ".venv/.runs", "PYTHON=./quick-python", "PIP=true")
    assert done.returncode == 0, done.stderr
    version = subprocess.run([folder / ".venv/bin/python", "-V"], capture_output=True, text=True, check=True).stdout
    assert version.split()[1] == sys.version.split()[0]
    assert "installing into .venv: some minutes" in done.stdout and "installed." in done.stdout
