"""A piece of work, and the function that travels to a worker to do it: a machine of a cluster knows nothing of the kit."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Task:
    """One piece of work: its title, and what makes the arguments, plain values, each time that it is begun."""

    title: str
    arguments: Callable[[], Mapping[str, Any]]


def fetch(kept: list[Any]) -> bytes:
    """Return, in a worker, the bytes that `Workers.put` was given."""
    import ray

    value: bytes = ray.get(kept[0])
    return value


def travelling() -> Callable[..., Any]:
    """Return the function that a worker runs; Ray sends it by value."""

    def work(sources: tuple[str, Any], threads: int, function: str, arguments: dict[str, Any]) -> dict[str, Any]:
        import hashlib
        import importlib
        import os
        import traceback
        from pathlib import Path

        import ray

        os.environ["OMP_NUM_THREADS"] = str(threads)  # before anything that reads it is imported
        folder, kept = sources
        try:
            if kept is not None and "common" not in sys.modules:
                raw = ray.get(kept[0])
                os.environ.setdefault("KIT_CACHE", str(Path.home() / ".cache" / "kit"))
                folder = tempfile.mkdtemp(prefix=f"kit-{hashlib.sha256(raw).hexdigest()[:12]}-")
                for name, text in json.loads(raw).items():
                    path = Path(folder, name)
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_text(text, encoding="utf-8")
            if folder and folder not in sys.path:
                sys.path.insert(0, folder)
            module, name = function.split(":")
            return {"value": getattr(importlib.import_module(module), name)(**arguments)}
        except Exception as error:
            kinds = [kind.__name__ for kind in type(error).__mro__]
            known = "KitError" in kinds
            return {
                "words": str(error) if known else f"{type(error).__name__}: {str(error).strip().split(chr(10))[0]}",
                "final": known and "DeviceError" not in kinds,  # another machine may have room where this one has not
                "node": ray.get_runtime_context().get_node_id(),
                "trace": "" if known else traceback.format_exc(),
            }

    return work
