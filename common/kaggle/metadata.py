"""`kernel-metadata.json`: every field explicit, and nothing in it that Kaggle would refuse, drop or reinterpret."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from common.errors import KernelError, UnknownName
from common.kaggle.results import Ref
from common.kaggle.sources import FIELDS, normalise
from common.session.kernel import read as read  # the kernel itself reads this file too
from common.session.machine import GPUS

OWNER = "OWNER/"
"""Stands for the user in the repository's files: in the id and in the names of inputs."""

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
_SWITCHES = ("is_private", "enable_gpu", "enable_tpu", "enable_internet")
_FIELDS = (
    *("id", "title", "code_file", "language", "kernel_type", *_SWITCHES, "machine_shape"),
    *("docker_image", "docker_image_pinning_type", "keywords", *FIELDS),
)
# Kaggle's client fills these in by itself, and not as its documentation says; so they are required here.
_REQUIRED = ("id", "title", "enable_gpu", "enable_internet")


def complete(
    metadata: Mapping[str, Any], owner: str, *, script: bool = False, cpu: bool = False, datasets: Sequence[str] = ()
) -> dict[str, Any]:
    """Return the metadata of a push: all fields, the owner's name filled in.

    Args:
        metadata: the content of the repository's file.
        owner: user name on Kaggle.
        script: push a script rather than a notebook.
        cpu: run without an accelerator, whatever the file says.
        datasets: names of further datasets to attach.

    Raises:
        UnknownName: for a field that Kaggle does not have.
        KernelError: for a value that Kaggle would refuse, drop, or take for something else.
    """
    for field in metadata:
        if field not in _FIELDS:
            raise UnknownName("field of kernel-metadata.json", field, _FIELDS)
    if missing := [field for field in _REQUIRED if field not in metadata]:
        raise KernelError(f"kernel-metadata.json lacks {', '.join(missing)}; add it")
    kernel = ref(metadata, owner)
    _check_title(str(metadata["title"]), kernel)
    switches = {field: _switch(field, metadata.get(field, field == "is_private")) for field in _SWITCHES}
    shape = _shape(metadata.get("machine_shape"), gpu=switches["enable_gpu"], tpu=switches["enable_tpu"])
    if cpu:
        switches |= {"enable_gpu": False, "enable_tpu": False}
        shape = None
    names = {field: [*_list(field, metadata.get(field, []))] for field in ("keywords", *FIELDS)}
    names["dataset_sources"] += datasets
    sources = {
        field: list(dict.fromkeys(normalise(kind, _owned(name, owner)) for name in names[field]))
        for field, kind in FIELDS.items()
    }
    return {
        "id": kernel.name,
        "title": metadata["title"],
        "code_file": "kernel.py" if script else "kernel.ipynb",
        "language": "python",
        "kernel_type": "script" if script else "notebook",
        **switches,
        "machine_shape": shape,
        "docker_image": metadata.get("docker_image"),
        "docker_image_pinning_type": metadata.get("docker_image_pinning_type"),
        "keywords": names["keywords"],
        **sources,
    }


def ref(metadata: Mapping[str, Any], owner: str) -> Ref:
    """Return the kernel that the metadata names, as this owner's.

    Raises:
        KernelError: if it is somebody else's, or of one version.
    """
    kernel = Ref.parse(_owned(str(metadata.get("id", "")), owner))
    if kernel.version is not None:
        raise KernelError(f"the id {kernel} has a version; Kaggle counts versions itself, so write {kernel.name}")
    if kernel.owner != owner:
        raise KernelError(f"the id {kernel.name} belongs to {kernel.owner}, not to {owner}; write {OWNER}{kernel.slug}")
    return kernel


def _owned(name: str, owner: str) -> str:
    return f"{owner}/{name.removeprefix(OWNER)}" if name.startswith(OWNER) else name


def _check_title(title: str, ref: Ref) -> None:
    """Refuse a title that does not fit the slug: Kaggle names a new kernel by its title, whatever its id says."""
    from slugify import slugify

    if len(title) not in TITLE_LENGTHS:
        raise KernelError(f"the title must have 5 to 50 characters, got {len(title)}: {title!r}")
    if (slug := slugify(title)) != ref.slug:
        raise KernelError(
            f"Kaggle makes {slug!r} of the title {title!r}, but the id says {ref.slug!r}; "
            f"write {OWNER}{slug} as the id, or change the title"
        )
    if len(slug) < TITLE_LENGTHS.start:
        raise KernelError(f"the slug must have 5 characters or more, got {slug!r}")


def _shape(shape: Any, *, gpu: bool, tpu: bool) -> str | None:
    """Return the accelerator's name; Kaggle replaces a retired one, or drops it, without a word."""
    if gpu and tpu:
        raise KernelError("enable_gpu and enable_tpu are both true; a session has one accelerator")
    if shape is None:
        if tpu:
            raise KernelError(f"enable_tpu is true but machine_shape is missing; write one of {', '.join(TPUS)}")
        return ACCELERATOR if gpu else None
    if today := RETIRED.get(str(shape).lower()):
        raise KernelError(f"machine_shape {shape!r} is retired; use {today}")
    if shape not in (*GPUS, *TPUS):
        raise UnknownName("machine_shape", str(shape), (*GPUS, *TPUS))
    if gpu != (shape in GPUS) or tpu != (shape in TPUS):
        raise KernelError(f"machine_shape {shape!r} does not fit enable_gpu {gpu} and enable_tpu {tpu}")
    return str(shape)


def _switch(field: str, value: Any) -> bool:
    words = {"true": True, "false": False}
    if isinstance(value, bool):
        return value
    if str(value).lower() in words:
        return words[str(value).lower()]
    raise KernelError(f"{field} must be true or false, got {value!r}")


def _list(field: str, value: Any) -> Sequence[str]:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return value
    raise KernelError(f"{field} must be a list of names, got {value!r}")
