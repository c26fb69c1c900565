"""The processes of one run under `accelerate launch`: one for each GPU, and only the main one writes.

Without a launcher there is one process, and everything here returns at once. What depends on the clock or on the disk is
decided by the main process and broadcast to the others, so that all of them do the same.
"""

from __future__ import annotations

import os
from typing import Any


def rank() -> int:
    """Return the number of this process; the main one is 0."""
    return int(os.environ.get("RANK", "0"))


def count() -> int:
    """Return how many processes work on this run."""
    return max(1, int(os.environ.get("WORLD_SIZE", "1")))


def is_main() -> bool:
    """Whether this process is the one that writes and reports."""
    return rank() == 0


def agree(value: Any) -> Any:
    """Return the main process's value in every process; it must be a plain value, as in JSON."""
    if count() == 1:
        return value
    from accelerate.utils import broadcast_object_list

    _join()
    shared = [value]
    broadcast_object_list(shared, from_process=0)
    return shared[0]


def wait() -> None:
    """Return once every process has called this."""
    if count() > 1:
        _join().wait_for_everyone()


def total(values: list[float]) -> list[float]:
    """Return the sums of all processes' values."""
    if count() == 1:
        return values
    import torch

    state = _join()
    shared = torch.tensor(values, dtype=torch.float64, device=state.device)
    torch.distributed.all_reduce(shared)
    summed: list[float] = shared.tolist()
    return summed


def _join() -> Any:
    """Return accelerate's state, which connects the processes when it is first made."""
    import torch
    from accelerate import PartialState

    return PartialState(cpu=not torch.cuda.is_available())
