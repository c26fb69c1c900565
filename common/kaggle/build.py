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

MAX_BYTES = 1_000_000
"""Most bytes of source text: what Kaggle's limit of "1 megabytes" means at the least."""

CODE = "kernel.py"
_BUILT = ("kernel.ipynb", CODE, METADATA)
_OWNER = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*")


@dataclass(frozen=True, kw_only=True)
class Built:
    """A built kernel: its folder, the hash of the sources in it, and the bytes of the text that Kaggle gets."""

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
        """Whether it takes GPU time."""
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
        settings: `key=value` each, in the place of the profile's.
        cpu: ask for no accelerator.
        datasets: further datasets to attach, for example wheels, as owner/slug/version.
        project: the folder of the repository.

    Raises:
        UnknownName: for a kernel, field, profile, setting or accelerator that does not exist.
        KernelError: for what Kaggle would refuse, drop or take for something else.
        SecretFound: for anything that looks like a credential.
    """
    if name not in (known := names(project)):
        raise UnknownName("kernel", name, known)
    if not _OWNER.fullmatch(owner):
        raise KernelError(f"{owner!r} is no user name of Kaggle; --owner takes the one in your profile's address")
    folder = project / "kernels" / name
    asked = metadata.complete(metadata.read(folder / METADATA), owner, script=script, cpu=cpu, datasets=datasets)
    code = (folder / CODE).read_text(encoding="utf-8")
    story = cells(code, f"kernels/{name}/{CODE}")
    competition = _competition(asked)
    resolve(registry.get(competition), profile, settings)  # a wrong name is told now, not on Kaggle
    roots = [f"competitions.{competition}.{module}" for module in ("competition", "model")]
    bundle = Bundle(
        {
            **sources(roots, code, project),
            f"kernels/{name}/{CODE}": code,
            f"kernels/{name}/{METADATA}": _json(asked),
            BUNDLE: _json({"profile": profile, "settings": list(settings)}),
        }
    )
    secrets.refuse({**bundle.files, **{path.name: "" for path in folder.iterdir()}})
    text = f"{bundle.cell()}\n{code}" if script else to_text(_with_sources(story, bundle))
    if (size := len(text.encode())) > MAX_BYTES:
        raise KernelError(
            f"kernel {name} has {size:,} bytes of source; Kaggle takes {MAX_BYTES:,}. Its bundle holds "
            f"{len(bundle.files)} files; import less, or put data into a dataset"
        )
    _write(out, asked, text)
    return Built(name=name, folder=out, hash=bundle.hash, bytes=size, metadata=asked, files=tuple(sorted(bundle.files)))


def _with_sources(story: list[Cell], bundle: Bundle) -> list[Cell]:
    """Put the cell with the sources before the first code: a page begins with its title."""
    first = next((place for place, cell in enumerate(story) if cell.kind == "code"), len(story))
    return [*story[:first], Cell("code", bundle.cell(), collapsed=True), *story[first:]]


def _competition(asked: dict[str, Any]) -> str:
    """Return the name of the competition whose data the kernel asks for."""
    slugs = {registry.get(name).slug: name for name in registry.names()}
    (slug, *more) = asked["competition_sources"] or [""]
    if slug not in slugs or more:
        raise KernelError(
            f"competition_sources is {asked['competition_sources']}; it names one competition: {', '.join(slugs)}"
        )
    return slugs[slug]


def _write(out: Path, asked: dict[str, Any], text: str) -> None:
    if out.is_dir() and (others := sorted(path.name for path in out.iterdir() if path.name not in _BUILT)):
        raise KernelError(f"{out} holds other files ({', '.join(others[:3])}); --out takes a folder of its own")
    with atomic_folder(out) as folder:
        for name, content in ((METADATA, _json(asked)), (asked["code_file"], text)):
            (folder / name).write_text(content, encoding="utf-8", newline="\n")


def _json(asked: dict[str, Any]) -> str:
    return json.dumps(asked, indent=1, ensure_ascii=False) + "\n"
