"""`kernel-metadata.json`: every field explicit, and nothing in it that Kaggle would refuse, drop or reinterpret."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from common.errors import KernelError, UnknownName
from common.kaggle.results import Ref
from common.kaggle.sources import SourceKind, normalise
from common.session.kernel import read as read  # the kernel itself reads this file too
from common.session.machine import GPUS

OWNER = "OWNER/"
"""Stands for the user in the files of the repository, in the id and in the names of inputs."""

TITLE_LENGTHS = range(5, 51)
ACCELERATOR = "NvidiaTeslaT4"
TPUS = ("TpuV5E8", "TpuV6E8")
RETIRED = {
    "nvidiateslap100": ACCELERATOR,
    "nvidiateslat4highmem": ACCELERATOR,
    "tpuv38": "TpuV5E8",
    "tpu1vmv38": "TpuV5E8",
    "tpuv232": "no accelerator",
    "tpuv2256": "no accelerator",
}
SOURCES: dict[str, SourceKind] = {
    "dataset_sources": "dataset",
    "competition_sources": "competition",
    "kernel_sources": "kernel",
    "model_sources": "model",
}
_SWITCHES = ("is_private", "enable_gpu", "enable_tpu", "enable_internet")
_FIELDS = (
    *("id", "title", "code_file", "language", "kernel_type", *_SWITCHES, "machine_shape"),
    *("docker_image", "docker_image_pinning_type", "keywords", *SOURCES),
)
# Kaggle's client fills these in by itself, and not as its documentation says; so they have to be written down.
_NEEDED = ("id", "title", "enable_gpu", "enable_internet")


def complete(
    given: Mapping[str, Any], owner: str, *, script: bool = False, cpu: bool = False, datasets: Sequence[str] = ()
) -> dict[str, Any]:
    """Return the metadata of a push: all fields, the owner's name filled in.

    Args:
        given: the file of the repository.
        owner: user name on Kaggle.
        script: push a script rather than a notebook.
        cpu: ask for no accelerator, whatever the file says.
        datasets: names of further datasets to attach.

    Raises:
        UnknownName: for a field that Kaggle does not have.
        KernelError: for a value that Kaggle would refuse, drop, or take for something else.
    """
    for field in given:
        if field not in _FIELDS:
            raise UnknownName("field of kernel-metadata.json", field, _FIELDS)
    if missing := [field for field in _NEEDED if field not in given]:
        raise KernelError(f"kernel-metadata.json says nothing of {', '.join(missing)}; write it down")
    named = ref(given, owner)
    _check_title(str(given["title"]), named)
    switches = {field: _switch(field, given.get(field, field == "is_private")) for field in _SWITCHES}
    shape = _shape(given.get("machine_shape"), gpu=switches["enable_gpu"], tpu=switches["enable_tpu"])
    if cpu:
        switches |= {"enable_gpu": False, "enable_tpu": False}
        shape = None
    listed = {field: [*_list(field, given.get(field, []))] for field in ("keywords", *SOURCES)}
    listed["dataset_sources"] += datasets
    sources = {
        field: list(dict.fromkeys(normalise(kind, _owned(name, owner)) for name in listed[field]))
        for field, kind in SOURCES.items()
    }
    return {
        "id": named.name,
        "title": given["title"],
        "code_file": "kernel.py" if script else "kernel.ipynb",
        "language": "python",
        "kernel_type": "script" if script else "notebook",
        **switches,
        "machine_shape": shape,
        "docker_image": given.get("docker_image"),
        "docker_image_pinning_type": given.get("docker_image_pinning_type"),
        "keywords": listed["keywords"],
        **sources,
    }


def ref(given: Mapping[str, Any], owner: str) -> Ref:
    """Return the kernel that the metadata names, as this owner's.

    Raises:
        KernelError: if it is somebody else's, or of one version.
    """
    named = Ref.parse(_owned(str(given.get("id", "")), owner))
    if named.version is not None:
        raise KernelError(f"the id {named} holds a version; Kaggle counts versions itself, so write {named.name}")
    if named.owner != owner:
        raise KernelError(f"the id {named.name} belongs to {named.owner}, not to {owner}; write {OWNER}{named.slug}")
    return named


def _owned(name: str, owner: str) -> str:
    return f"{owner}/{name.removeprefix(OWNER)}" if name.startswith(OWNER) else name


def _check_title(title: str, ref: Ref) -> None:
    """Refuse a title that does not fit the slug: Kaggle names a new kernel by its title, whatever its id says."""
    from slugify import slugify

    if len(title) not in TITLE_LENGTHS:
        raise KernelError(f"the title {title!r} has {len(title)} characters; Kaggle takes 5 to 50")
    if (slug := slugify(title)) != ref.slug:
        raise KernelError(
            f"Kaggle makes {slug!r} of the title {title!r}, but the id says {ref.slug!r}; "
            f"write {OWNER}{slug} as the id, or change the title"
        )
    if len(slug) < TITLE_LENGTHS.start:
        raise KernelError(f"the slug {slug!r} is too short; Kaggle takes 5 characters or more")


def _shape(given: Any, *, gpu: bool, tpu: bool) -> str | None:
    """Return the accelerator by its name; Kaggle puts a retired one or none in its place without a word."""
    if gpu and tpu:
        raise KernelError("enable_gpu and enable_tpu are both true; a session has one accelerator")
    if given is None:
        if tpu:
            raise KernelError(f"enable_tpu is true but machine_shape is missing; write one of {', '.join(TPUS)}")
        return ACCELERATOR if gpu else None
    if today := RETIRED.get(str(given).lower()):
        raise KernelError(f"machine_shape {given!r} is retired; use {today}")
    if given not in (*GPUS, *TPUS):
        raise UnknownName("machine_shape", str(given), (*GPUS, *TPUS))
    if gpu != (given in GPUS) or tpu != (given in TPUS):
        raise KernelError(f"machine_shape {given!r} does not fit enable_gpu {gpu} and enable_tpu {tpu}")
    return str(given)


def _switch(field: str, value: Any) -> bool:
    words = {"true": True, "false": False}
    if isinstance(value, bool):
        return value
    if str(value).lower() in words:
        return words[str(value).lower()]
    raise KernelError(f"{field} is {value!r}; allowed: true, false")


def _list(field: str, value: Any) -> Sequence[str]:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return value
    raise KernelError(f"{field} is {value!r}; it takes a list of names")
