"""`kit kernel build`: a folder that `kaggle kernels push -p` takes as it is."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common import registry
from common.config import resolve
from common.environment import PROJECT
from common.errors import KernelError, UnknownName
from common.files import atomic_folder
from common.kaggle import metadata, secrets
from common.kaggle.bundle import Bundle
from common.kaggle.notebook import Cell, cells, to_text
from common.kaggle.results import Ref
from common.session.kernel import BUNDLE, METADATA
from common.sources import sources
from common.wording import listed

MAX_BYTES = 1_000_000
"""Most bytes of source text: the smallest meaning of Kaggle's limit of "1 megabytes"."""

CODE = "kernel.py"
_BUILT = ("kernel.ipynb", CODE, METADATA)
_OWNER = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*")


@dataclass(frozen=True, kw_only=True)
class Built:
    """A built kernel: its folder, the hash of its sources, and the bytes of the text that Kaggle gets."""

    name: str
    folder: Path
    hash: str
    bytes: int
    metadata: dict[str, Any]
    files: tuple[str, ...]

    @property
    def ref(self) -> Ref:
        """Owner and slug."""
        return Ref.parse(self.metadata["id"])

    @property
    def gpu(self) -> bool:
        """Whether it uses GPU time."""
        return bool(self.metadata["enable_gpu"])


def names(project: Path = PROJECT) -> list[str]:
    """Return the names of the kernels: the folders that hold a kernel.py."""
    return sorted(path.parent.name for path in (project / "kernels").glob(f"*/{CODE}"))


def build(
    name: str,
    owner: str,
    out: Path,
    *,
    script: bool = False,
    profile: str = "best",
    settings: Sequence[str] = (),
    cpu: bool = False,
    datasets: Sequence[str] = (),
    project: Path = PROJECT,
) -> Built:
    """Write a kernel's folder; the same sources give the same bytes on any machine.

    Args:
        name: a folder below `kernels`.
        owner: user name on Kaggle.
        out: the folder to write; an earlier build in it is replaced.
        script: make a script rather than a notebook.
        profile: the profile with which it runs.
        settings: `key=value` each, overriding the profile's.
        cpu: run without an accelerator.
        datasets: further datasets to attach, for example wheels, as owner/slug/version.
        project: the folder of the repository.

    Raises:
        UnknownName: for a kernel, field, profile, setting or accelerator that does not exist.
        KernelError: for what Kaggle would refuse, drop or misread.
        SecretFound: for anything that looks like a credential.
    """
    competition = check_names(name, profile, settings, project)
    if not _OWNER.fullmatch(owner):
        raise KernelError(f"{owner!r} is not a user name on Kaggle; --owner takes the one in your profile's address")
    folder = project / "kernels" / name
    fields = metadata.complete(metadata.read(folder / METADATA), owner, script=script, cpu=cpu, datasets=datasets)
    code = (folder / CODE).read_text(encoding="utf-8")
    parts = cells(code, f"kernels/{name}/{CODE}")
    roots = [f"competitions.{competition}.{module}" for module in ("competition", "model")]
    bundle = Bundle(
        {
            **sources(roots, code, project),
            f"kernels/{name}/{CODE}": code,
            f"kernels/{name}/{METADATA}": _json(fields),
            BUNDLE: _json({"profile": profile, "settings": list(settings)}),
        },
        shown=f"competitions/{competition}/model.py",
    )
    secrets.refuse({**bundle.files, **{path.name: "" for path in folder.iterdir()}})
    text = "\n".join([*filter(None, bundle.cells()), code]) if script else to_text(_with_sources(parts, bundle))
    if (size := len(text.encode())) > MAX_BYTES:
        raise KernelError(
            f"kernel {name} has {size:,} bytes of source; Kaggle takes {MAX_BYTES:,}. Its bundle has "
            f"{len(bundle.files)} files; import less, or put data into a dataset"
        )
    _write(out, fields, text)
    files = tuple(sorted(bundle.files))
    return Built(name=name, folder=out, hash=bundle.hash, bytes=size, metadata=fields, files=files)


def check_names(name: str, profile: str = "best", settings: Sequence[str] = (), project: Path = PROJECT) -> str:
    """Return the competition whose data a kernel takes.

    Raises:
        UnknownName: for a kernel, profile or setting that does not exist.
        KernelError: if its metadata does not name one competition of the kit.
    """
    if name not in (known := names(project)):
        raise UnknownName("kernel", name, known)
    fields = metadata.read(project / "kernels" / name / METADATA)
    competition = registry.asked_for(fields)
    resolve(competition, profile, settings)
    return competition.name


def _with_sources(parts: list[Cell], bundle: Bundle) -> list[Cell]:
    """Insert the cells with the sources before the first code: a page begins with its title."""
    first = next((index for index, cell in enumerate(parts) if cell.kind == "code"), len(parts))
    shown, packed = bundle.cells()
    readable = [Cell("code", shown)] if shown else []
    return [*parts[:first], *readable, Cell("code", packed, collapsed=True), *parts[first:]]


def _write(out: Path, fields: dict[str, Any], text: str) -> None:
    if out.is_dir() and (others := sorted(path.name for path in out.iterdir() if path.name not in _BUILT)):
        raise KernelError(f"{out} holds other files ({listed(others)}); name another folder with --out")
    with atomic_folder(out) as folder:
        for name, content in ((METADATA, _json(fields)), (fields["code_file"], text)):
            (folder / name).write_text(content, encoding="utf-8", newline="\n")


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"
