"""What a kernel left behind: fetched completely, checked against the manifest that the kernel wrote."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common.data.archives import inside, move_all
from common.data.frames import sha256
from common.kaggle.client import Client, Progress
from common.kaggle.errors import Damaged
from common.kaggle.results import LogLine, Ref
from common.session.manifest import MANIFEST


@dataclass(frozen=True, kw_only=True)
class Output:
    """A kernel's files, its log, and its manifest where it wrote one (then every file in it was compared)."""

    folder: Path
    files: tuple[str, ...]
    log: tuple[LogLine, ...]
    manifest: dict[str, Any] | None


def fetch(
    client: Client,
    ref: Ref,
    folder: Path,
    *,
    wanted: Callable[[str], bool] = lambda name: True,
    progress: Progress | None = None,
) -> Output:
    """Fetch a kernel's output into `folder`, where files appear only when all have come and were checked.

    Args:
        client: the connection.
        ref: the kernel, with the version meant.
        folder: where the files go; files of the same name are replaced, so none can be stale.
        wanted: chooses by name; the manifest always comes.
        progress: told the bytes of the file under way.

    Raises:
        Damaged: if files are missing or not as the manifest says, listed twice, or named so that they could escape.
        NotFound: if there is no such kernel or version.
    """
    listed = client.kernels.outputs(ref)
    names = [str(inside(file.name)) for file in listed]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise Damaged(f"{ref} lists {', '.join(twice[:5])} more than once")
    log = client.kernels.log(ref)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as scratch:
        fetched = []
        for file, name in zip(listed, names, strict=True):
            if name == MANIFEST or wanted(name):
                client.kernels.fetch(file, Path(scratch, name), progress=progress)
                fetched.append(name)
        manifest = check(Path(scratch), wanted=wanted)
        move_all(Path(scratch), folder)
    return Output(folder=folder, files=tuple(fetched), log=tuple(log), manifest=manifest)


def check(folder: Path, *, wanted: Callable[[str], bool] = lambda name: True) -> dict[str, Any] | None:
    """Compare a folder with its manifest and return it, None where there is none.

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
    for name, (size, due) in entries.items():
        file = folder / inside(name)
        if not wanted(name):
            continue
        if not file.is_file():
            problems.append(f"{name} is missing")
        elif file.stat().st_size != size:
            problems.append(f"{name} has {file.stat().st_size:,} bytes instead of {size:,}")
        elif sha256(file) != due:
            problems.append(f"{name} has another checksum")
    if problems:
        raise Damaged(f"the output is not what the kernel wrote: {'; '.join(problems[:10])}; fetch it again")
    return dict(manifest)
