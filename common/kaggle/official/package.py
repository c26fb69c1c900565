"""Kaggle's `kaggle` package, imported without what its import does: sign in over the network, and print."""

from __future__ import annotations

import importlib
import importlib.util
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from importlib.metadata import version
from pathlib import Path
from threading import Lock
from types import ModuleType
from typing import Any

from common.kaggle.errors import KaggleError

_MODULE = "kaggle.api.kaggle_api_extended"
_lock = Lock()


def load() -> ModuleType:
    """Return the module of `KaggleApi`.

    `kaggle/__init__.py` signs in as soon as anything below it is imported: with a token that is a request to
    Kaggle, without any credential a page of help on the screen. So a bare `kaggle` without that code stands
    in for it while the module is loaded; a later `import kaggle` by somebody else works as ever.

    Raises:
        KaggleError: if the package is missing or does not import, with what to install.
    """
    with _lock:
        if _MODULE in sys.modules:
            return sys.modules[_MODULE]
        whole = sys.modules.get("kaggle")
        try:
            if whole is None:
                sys.modules["kaggle"] = _bare()
            return importlib.import_module(_MODULE)
        except ImportError as error:
            missing = error.name or "kaggle"
            raise KaggleError(
                f"Kaggle's client cannot be imported: {missing} is missing; pip install {missing}"
            ) from error
        except OSError as error:  # it makes its configuration folder while it is imported
            raise KaggleError(
                f"Kaggle's client cannot make its folder: {error.strerror}; set KAGGLE_CONFIG_DIR"
            ) from error
        finally:
            if whole is None:
                sys.modules.pop("kaggle", None)


def api(kind: type[Any] | None = None) -> Any:
    """Return a `KaggleApi` (or one of a class derived from it) that is not signed in.

    The class fixes the path of kaggle.json when it is imported; the environment may have changed since.
    """
    client = (kind or load().KaggleApi)()
    folder = Path(os.environ.get("KAGGLE_CONFIG_DIR") or Path.home() / ".kaggle")
    if sys.platform.startswith("linux") and not os.environ.get("KAGGLE_CONFIG_DIR") and not folder.exists():
        folder = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "kaggle"
    client.config_dir, client.config = str(folder), str(folder / client.config_file)
    return client


@contextmanager
def quiet() -> Iterator[None]:
    """Swallow what the official client prints; what matters of it is raised by the kit."""
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        yield


def _bare() -> ModuleType:
    spec = importlib.util.find_spec("kaggle")
    if spec is None:
        raise ModuleNotFoundError("no kaggle", name="kaggle")
    module: Any = importlib.util.module_from_spec(spec)
    module.__version__ = version("kaggle")
    return module  # type: ignore[no-any-return]
