"""What a kernel left behind: fetched completely, checked against the manifest that the kernel wrote."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from common.data.archives import inside, move_all
from common.files import sha256
from common.kaggle.errors import Damaged
from common.kaggle.results import LogLine, Progress, Ref
from common.session.manifest import MANIFEST
from common.wording import listed

if TYPE_CHECKING:
    from common.kaggle.official import Client


@dataclass(frozen=True, kw_only=True)
class Output:
    """A kernel's files, its log, and its manifest if it wrote one (then every file in it was compared)."""

    files: tuple[str, ...]
    log: tuple[LogLine, ...]
    manifest: dict[str, Any] | None


def fetch(client: Client, ref: Ref, folder: Path, *, progress: Progress | None = None) -> Output:
    """Fetch a kernel's output into `folder`, where files appear only when all have arrived and were checked.

    Args:
        client: the connection.
        ref: the kernel, with the version meant.
        folder: where the files go; files of the same name are replaced, so none can be stale.
        progress: called with the bytes of the file under way.

    Raises:
        Damaged: if files are missing or not as the manifest says, listed twice, or named so that they could escape.
        NotFound: if there is no such kernel or version.
    """
    files = client.kernels.outputs(ref)
    names = [str(inside(file.name)) for file in files]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise Damaged(f"{ref} lists {listed(twice)} more than once")
    if both := sorted({str(parent) for name in names for parent in PurePosixPath(name).parents} & set(names)):
        raise Damaged(f"{ref} lists {listed(both)} both as a file and as a folder")
    log = client.kernels.log(ref)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as scratch:
        for file, name in zip(files, names, strict=True):
            client.kernels.fetch(file, Path(scratch, name), progress=progress)
        manifest = check(Path(scratch))
        move_all(Path(scratch), folder)
    return Output(files=tuple(names), log=tuple(log), manifest=manifest)


def check(folder: Path) -> dict[str, Any] | None:
    """Compare a folder with its manifest and return that, None if there is none.

    Raises:
        Damaged: with every file that is missing or differs.
    """
    path = folder / MANIFEST
    if not path.is_file():
        return None
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        entries = {str(name): (int(entry["bytes"]), str(entry["sha256"])) for name, entry in manifest["files"].items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Damaged(
            f"{MANIFEST} cannot be read ({type(error).__name__}); the kernel did not finish writing it"
        ) from error
    problems = []
    for name, (size, digest) in entries.items():
        file = folder / inside(name)
        if not file.is_file():
            problems.append(f"{name} is missing")
        elif file.stat().st_size != size:
            problems.append(f"{name} has {file.stat().st_size:,} bytes, expected {size:,}")
        elif sha256(file) != digest:
            problems.append(f"{name} has another checksum")
    if problems:
        raise Damaged(f"the output is not what the kernel wrote: {listed(problems)}; fetch it again")
    return dict(manifest)
