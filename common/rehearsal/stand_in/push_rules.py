"""The rules by which Kaggle accepts or refuses a push before it looks at anything that exists."""

from __future__ import annotations

import re

from common.kaggle.metadata import ACCELERATOR, RETIRED, TITLE_LENGTHS, TPUS
from common.kaggle.sources import KINDS
from common.rehearsal.stand_in.answers import Call, Refusal
from common.session.machine import GPUS

SOURCE_BYTES = 2**20  # measured by others: 1 MiB passes, 1.1 MiB does not
LANGUAGES = ("python", "r", "rmarkdown")
KERNEL_TYPES = ("script", "notebook")
SOURCES = {f"{kind}DataSources": (kind, f"invalid{kind.title()}Sources") for kind in KINDS}
"""Fields of a push that name inputs: the kind of each, and the field of the answer that lists the unknown ones."""


def check_format(call: Call) -> None:
    """Check what can be checked from the request alone.

    Raises:
        Refusal: 400 with the server's text.
    """
    if len(call.text("text").encode()) > SOURCE_BYTES:
        raise Refusal(400, "The kernel source must be less than 1 megabytes in size.")
    if call.text("language") not in LANGUAGES:
        raise Refusal(400, f"Invalid language {call.text('language')!r}: one of {', '.join(LANGUAGES)}")
    if call.text("kernelType") not in KERNEL_TYPES:
        raise Refusal(400, f"Invalid kernel type {call.text('kernelType')!r}: one of {', '.join(KERNEL_TYPES)}")
    title, slug = call.text("newTitle"), call.text("slug").partition("/")[2]
    if title and len(title) not in TITLE_LENGTHS:
        raise Refusal(400, f"The title must have 5 to 50 characters, not {len(title)}")
    if not call.number("id") and not re.fullmatch(r"[a-z0-9][a-z0-9-]{4,}", slug):
        raise Refusal(400, f"Invalid kernel slug {slug!r}: 5 or more of a-z, 0-9 and -")


def machine(call: Call) -> tuple[str, str | None]:
    """Return the kind of machine (`cpu`, `gpu`, `tpu`) and its accelerator.

    `machineShape` wins over the switches; a retired shape silently becomes today's, as on Kaggle.

    Raises:
        Refusal: 400 for a shape that Kaggle does not have.
    """
    requested = call.text("machineShape")
    if requested and requested != "None":
        shape = RETIRED.get(requested.lower(), requested)
        for kind, shapes in (("gpu", GPUS), ("tpu", TPUS)):
            if shape in shapes:
                return kind, shape
        raise Refusal(400, f"Invalid machine shape {requested!r}")
    if call.body.get("enableTpu"):
        return "tpu", TPUS[0]
    return ("gpu", ACCELERATOR) if call.body.get("enableGpu") else ("cpu", None)
