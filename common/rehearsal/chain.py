"""What a rehearsal runs: a competition's kernels in the order of who takes whose output, and the folders they take."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from common import environment
from common.competition import Competition
from common.errors import KernelError, UnknownName
from common.kaggle import metadata
from common.kaggle.build import names
from common.kaggle.retry import Notify, silent
from common.rehearsal.stand_in.world import Sources
from common.session.kernel import METADATA

USER = "kaggler"


def kernels_of(competition: Competition) -> dict[str, dict[str, Any]]:
    """Return the metadata of a competition's kernels by their names.

    Raises:
        KernelError: if it has none.
    """
    metadata = {name: kernel_metadata(name) for name in names()}
    mine = {name: fields for name, fields in metadata.items() if competition.slug in fields["competition_sources"]}
    if not mine:
        raise KernelError(f"{competition.name} has no kernel: add one to kernels/")
    return mine


def order(kernels: Mapping[str, Mapping[str, Any]], kernel: str | None = None) -> list[str]:
    """Return the names of kernels in the order in which they have to run, the one to submit last.

    Args:
        kernels: metadata by name.
        kernel: the one to submit; by default the one whose output no other kernel takes.

    Raises:
        UnknownName: if there is no kernel of that name.
        KernelError: if several could be submitted.
    """
    by_ref = {fields["id"]: name for name, fields in kernels.items()}
    takes = {
        name: [by_ref[ref] for ref in fields["kernel_sources"] if ref in by_ref] for name, fields in kernels.items()
    }
    if kernel is None:
        last = sorted(set(kernels) - {name for taken in takes.values() for name in taken})
        if len(last) != 1:
            raise KernelError(f"several kernels could be submitted: {', '.join(last)}; choose one with --kernel")
        kernel = last[0]
    if kernel not in kernels:
        raise UnknownName("kernel of this competition", kernel, sorted(kernels))
    needed = [kernel]
    for name in needed:
        needed += [other for other in takes[name] if other not in needed]
    return list(TopologicalSorter({name: takes[name] for name in needed}).static_order())


def kernel_metadata(name: str) -> dict[str, Any]:
    """Return the metadata with which a kernel of the kit is pushed in a rehearsal."""
    return metadata.complete(metadata.read(environment.PROJECT / "kernels" / name / METADATA), USER)


def input_folders(
    kernels: Iterable[Mapping[str, Any]], folders: Mapping[str, Path], empty: Path, notify: Notify = silent
) -> Sources:
    """Return the datasets and models that kernels name, with the folder of each.

    Args:
        kernels: their metadata.
        folders: by name; `OWNER/` stands for the user.
        empty: the folder of any other one; it is made if needed.
        notify: called with a line for each that is empty.

    Raises:
        UnknownName: for a folder of something that no kernel names.
    """
    inputs: dict[str, dict[str, Path]] = {"dataset_sources": {}, "model_sources": {}}
    own = {ref.replace(metadata.OWNER, f"{USER}/"): folder for ref, folder in folders.items()}
    for fields in kernels:
        for field_name, by_ref in inputs.items():
            for ref in fields[field_name]:
                if ref not in own:
                    empty.mkdir(parents=True, exist_ok=True)
                    notify(f"input {ref} is empty here; --input {ref}=DIR provides it")
                by_ref[ref] = own.get(ref, empty)
    known = sorted(ref for by_ref in inputs.values() for ref in by_ref)
    if unused := sorted(set(own) - set(known)):
        raise UnknownName("input of these kernels", unused[0], known)
    return Sources(datasets=inputs["dataset_sources"], models=inputs["model_sources"])
