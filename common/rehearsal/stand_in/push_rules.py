"""The rules by which Kaggle takes or refuses a push before it looks at anything that exists."""

from __future__ import annotations

import re

from common.rehearsal.stand_in.answers import Call, Refusal

SOURCE_BYTES = 2**20  # measured by others: 1 MiB passes, 1.1 MiB does not
TITLE_LENGTHS = range(5, 51)
LANGUAGES = ("python", "r", "rmarkdown")
KINDS = ("script", "notebook")
DEFAULT_GPU, DEFAULT_TPU = "NvidiaTeslaT4", "TpuV5E8"
SHAPES = {
    "gpu": (DEFAULT_GPU, "NvidiaTeslaA100", "NvidiaL4", "NvidiaL4X1", "NvidiaH100", "NvidiaRtxPro6000"),
    "tpu": (DEFAULT_TPU, "TpuV6E8"),
}
RETIRED = {"NvidiaTeslaP100": DEFAULT_GPU, "TpuV38": DEFAULT_TPU, "Tpu1VmV38": DEFAULT_TPU}

SOURCES = {
    "datasetDataSources": ("dataset", "invalidDatasetSources"),
    "competitionDataSources": ("competition", "invalidCompetitionSources"),
    "kernelDataSources": ("kernel", "invalidKernelSources"),
    "modelDataSources": ("model", "invalidModelSources"),
}


def check_form(call: Call) -> None:
    """Check what can be checked from the request alone.

    Raises:
        Refusal: 400 with the server's text.
    """
    if len(call.text("text").encode()) > SOURCE_BYTES:
        raise Refusal(400, "The kernel source must be less than 1 megabytes in size.")
    if call.text("language") not in LANGUAGES:
        raise Refusal(400, f"Invalid language {call.text('language')!r}: one of {', '.join(LANGUAGES)}")
    if call.text("kernelType") not in KINDS:
        raise Refusal(400, f"Invalid kernel type {call.text('kernelType')!r}: one of {', '.join(KINDS)}")
    title, slug = call.text("newTitle"), call.text("slug").partition("/")[2]
    if title and len(title) not in TITLE_LENGTHS:
        raise Refusal(400, f"The title must have 5 to 50 characters, not {len(title)}")
    if not call.number("id") and not re.fullmatch(r"[a-z0-9][a-z0-9-]{4,}", slug):
        raise Refusal(400, f"Invalid kernel slug {slug!r}: 5 or more of a-z, 0-9 and -")


def machine(call: Call) -> tuple[str, str | None]:
    """Return the kind of machine (`cpu`, `gpu`, `tpu`) and the accelerator it has.

    `machineShape` wins over the switches; a retired shape silently becomes today's, as on Kaggle.

    Raises:
        Refusal: 400 for a shape that Kaggle does not have.
    """
    asked = call.text("machineShape")
    if asked and asked != "None":
        shape = RETIRED.get(asked, asked)
        for kind, shapes in SHAPES.items():
            if shape in shapes:
                return kind, shape
        raise Refusal(400, f"Invalid machine shape {asked!r}")
    if call.body.get("enableTpu"):
        return "tpu", DEFAULT_TPU
    return ("gpu", DEFAULT_GPU) if call.body.get("enableGpu") else ("cpu", None)


def slugify(title: str) -> str:
    """Return the slug that Kaggle makes of a title."""
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
