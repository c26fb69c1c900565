"""A kernel's outputs: few files, and `manifest.json` with the size and checksum of each.

Kaggle lists outputs by pages, has lost some of them, and shows an older version's for a while; after a download they are
compared with the manifest, which is written last.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from common.files import atomic_write, sha256

MANIFEST = "manifest.json"


def write(folder: Path, names: Iterable[str], facts: Mapping[str, Any]) -> dict[str, Any]:
    """Write the manifest of files in `folder`, beside whatever else is to be known of them, and return it."""
    files = {name: {"bytes": (folder / name).stat().st_size, "sha256": sha256(folder / name)} for name in names}
    manifest = {**facts, "files": files}
    with atomic_write(folder / MANIFEST, "w") as handle:
        json.dump(manifest, handle, indent=1)
        handle.write("\n")
    return manifest


def pack(folder: Path, archive: Path) -> Path:
    """Put all files below `folder` into one zip archive, as they are: weights hardly shrink."""
    with (
        atomic_write(archive) as handle,
        zipfile.ZipFile(handle, "w", zipfile.ZIP_STORED, allowZip64=True) as packed,
    ):
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                packed.write(path, path.relative_to(folder).as_posix())
    return archive
