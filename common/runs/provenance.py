"""What identifies a run: its code, the versions it ran on, the machine."""

from __future__ import annotations

import hashlib
import os
import platform
from importlib import metadata
from pathlib import Path

from common import environment
from common.environment import PROJECT
from common.sources import sources

LIBRARIES = (
    "numpy", "pandas", "scipy", "scikit-learn", "torch", "transformers", "tokenizers", "accelerate",
    "fastai", "fastcore", "timm", "kaggle",
)  # fmt: skip


def code_files(competition: str) -> dict[str, str]:
    """Return the sources that decide a run's result, by path, each with the first 16 digits of its SHA-256.

    They are the competition's description and models, the pipeline, and what these import.
    """
    roots = ["common.pipeline.steps", *(f"competitions.{competition}.{part}" for part in ("competition", "model"))]
    found = sources(roots, "", PROJECT)
    return {path: hashlib.sha256(text.encode()).hexdigest()[:16] for path, text in sorted(found.items())}


def code_hash(files: dict[str, str]) -> str:
    """Return one hash for all sources."""
    return hashlib.sha256("\n".join(f"{path} {digest}" for path, digest in sorted(files.items())).encode()).hexdigest()


def versions() -> dict[str, str]:
    """Return the versions of Python and of the libraries that are installed, without importing them."""
    found = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def machine(here: environment.Environment) -> dict[str, object]:
    """Return what this machine is: place, system, processors and memory."""
    return {
        "place": here.place,
        "system": f"{platform.system()} {platform.release()}",
        "processor": _processor(),
        "cpus": environment.cpu_count(),
        "threads": environment.threads(),
        "memory_bytes": environment.total_memory(),
        "gpus": [{"name": gpu.name, "memory_bytes": gpu.memory} for gpu in here.gpus()],
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or os.uname().machine)
