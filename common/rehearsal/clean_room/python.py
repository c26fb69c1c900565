"""The Python that kernels run on: the kit's own, or one with the versions of Kaggle's image."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from common.environment import PROJECT
from common.errors import SettingError

EnvironmentName = Literal["current", "kaggle"]
KAGGLE = PROJECT / ".venv-kaggle"
_PREFIXES = "import json, sys; print(json.dumps([sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix]))"


@dataclass(frozen=True, kw_only=True)
class Python:
    """An interpreter, and the folders that must be visible for it to run: its environment's and its installation's."""

    executable: Path
    folders: tuple[Path, ...]

    @property
    def prefix(self) -> Path:
        """The folder of the environment."""
        return self.folders[0]

    @classmethod
    def of(cls, name: EnvironmentName) -> Python:
        """Return the interpreter of this process, or of the environment that `make test-kaggle` builds.

        Raises:
            SettingError: if that environment has not been built.
        """
        if name == "current":
            prefixes = [sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix]
            return cls(executable=Path(sys.executable), folders=_folders(prefixes))
        executable = KAGGLE / "bin" / "python"
        if not executable.is_file():
            raise SettingError(f"environment not found: {KAGGLE}; make test-kaggle builds it with Kaggle's versions")
        answer = subprocess.run([executable, "-I", "-c", _PREFIXES], capture_output=True, text=True, check=True)  # noqa: S603
        return cls(executable=executable, folders=_folders(json.loads(answer.stdout)))


def _folders(prefixes: list[str]) -> tuple[Path, ...]:
    """Return each folder by its name and by its real path, once."""
    folders = [Path(prefix) for prefix in prefixes]
    return tuple(dict.fromkeys([*folders, *(folder.resolve() for folder in folders)]))
