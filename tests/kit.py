"""Run the `kit` command in this process or in one of its own."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from common.cli import main
from common.environment import OVERRIDE, detect
from common.model import Context

# Started from a background job, a process ignores Ctrl-C unless it is told not to.
CODE = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from common.cli import main
from common.environment import OVERRIDE, detect
from common.model import Context
raise SystemExit(main())
"""
COMMAND = [sys.executable, "-c", CODE]


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def complaint(self) -> str:
        """The one line that a mistake gets; warnings and progress may stand before it."""
        lines = self.err.splitlines()
        assert lines and lines[-1].startswith("kit"), self.err
        assert "Traceback" not in self.err
        return lines[-1]


def kit(capsys: pytest.CaptureFixture[str], *words: object) -> Said:
    """Run the command here."""
    capsys.readouterr()
    try:
        code = main([str(word) for word in words])
    except SystemExit as end:
        code = int(end.code or 0)
    return Said(code, *capsys.readouterr())


def context_at(folder: Path, **more: Any) -> Context:
    """Return the context of a fold whose run, cache and checkpoints lie in a folder, on a machine without a network."""
    (folder / "fold").mkdir(parents=True, exist_ok=True)
    here = detect({OVERRIDE: f"place=local root={folder} internet=off"})
    return Context(environment=here, cache=folder / "cache", run=folder, folder=folder / "fold", **more)
