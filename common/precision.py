"""The number format in which a network computes, from what is requested and what the hardware multiplies itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from common.environment import cpu_has_bfloat16

if TYPE_CHECKING:
    import torch

Precision = Literal["auto", "half-on-gpu", "float32"]


def for_training(requested: Precision) -> torch.dtype:
    """Return bfloat16, float16 (which needs a scaled loss) or float32.

    Args:
        requested: `auto` is the fastest format of this machine: bfloat16 where the hardware multiplies it, else float16
            on a GPU and float32 on a CPU. `half-on-gpu`, as in the course's recipes, is float16 on a GPU and float32
            elsewhere.
    """
    import torch

    if requested == "float32":
        return torch.float32
    if requested == "auto" and _has_bfloat16():
        return torch.bfloat16
    return torch.float16 if torch.cuda.is_available() else torch.float32


def for_prediction() -> torch.dtype:
    """Return bfloat16 where the hardware multiplies it, else float32: nothing scales what float16 cannot hold."""
    import torch

    return torch.bfloat16 if _has_bfloat16() else torch.float32


def _has_bfloat16() -> bool:
    import torch

    return torch.cuda.is_bf16_supported(including_emulation=False) if torch.cuda.is_available() else cpu_has_bfloat16()
