"""What workers would listen on here, and what others could read, for `kit doctor`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from common.workers.pool import CLUSTER, LOOPBACK


def about(variables: Mapping[str, str]) -> dict[str, Any]:
    """Return what `kit doctor` says of workers: Ray's version, what would listen where, and what others can read."""
    try:
        version = metadata.version("ray")
    except metadata.PackageNotFoundError:
        return {"ray": None, "listens": "nothing", "warnings": []}
    tokens = (
        variables.get("RAY_AUTH_TOKEN_PATH"),
        Path.home() / ".ray" / "auth_token",
    )  # of clusters; here each start has its own
    token = next((Path(each) for each in tokens if each and Path(each).is_file()), None)
    readable = token is not None and os.name == "posix" and token.stat().st_mode & 0o077
    return {
        "ray": version,
        "listens": f"--workers N: on {LOOPBACK} until the run ends, with a token; {CLUSTER}…: nothing here",
        "warnings": [f"others can read Ray's token: chmod 600 {token}"] if readable else [],
    }
