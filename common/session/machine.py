"""Is this machine what the kernel asks for? Checked in the first minute, not after the first epoch."""

from __future__ import annotations

import subprocess
import sys

from common.environment import Environment, cpu_count, free_disk, total_memory
from common.errors import DeviceError

GPUS = {
    "NvidiaTeslaT4": 2,
    "NvidiaL4": 4,
    "NvidiaL4X1": 1,
    "NvidiaTeslaA100": 1,
    "NvidiaH100": 1,
    "NvidiaRtxPro6000": 1,
}
"""Accelerators that Kaggle has, by their name in `machine_shape`, and the GPUs that come with each."""

PROBE_SECONDS = 50.0

# Every GPU multiplies two matrices and the result is checked: a driver may list a GPU whose generation this PyTorch has no
# code for, and only real work shows that.
PROBE = """
import sys, torch
wanted = int(sys.argv[1])
if torch.cuda.device_count() < wanted:
    sys.exit(f"PyTorch sees {torch.cuda.device_count()} GPUs")
for number in range(wanted):
    name, ones = torch.cuda.get_device_name(number), torch.ones(256, 256, device=f"cuda:{number}")
    if (ones @ ones).sum().item() != 256**3:
        sys.exit(f"{name} multiplies wrongly")
    print(name, "sm_{}{}".format(*torch.cuda.get_device_capability(number)))
"""


def require(here: Environment, *, gpus: int = 0, internet: bool = False, disk: float = 0.0) -> list[str]:
    """Return what the machine has, a line each, if it has what is needed.

    Args:
        here: where we are.
        gpus: GPUs that must do real work.
        internet: whether the internet must be reachable.
        disk: bytes that must be free where large files are kept for the time of the session.

    Raises:
        DeviceError: with everything that is missing and what to do, within a minute.
    """
    missing = []
    lines = [f"{cpu_count()} CPUs, {total_memory() / 2**30:.0f} GiB of memory, at {here.place}"]
    if gpus:
        names, trouble = _prove_gpus(gpus)
        lines += names
        if trouble:
            missing.append(f"{gpus} working GPUs ({trouble}): choose the accelerator GPU T4 x2 (NvidiaTeslaT4)")
    online = here.online()
    lines.append(f"internet {'on' if online else 'off'}")
    if internet and not online:
        missing.append("the internet: turn it on in the kernel's settings (Kaggle requires a verified phone number)")
    free = free_disk(here.temporary)
    lines.append(f"{free / 1e9:.0f} GB of free disk at {here.temporary}")
    if free < disk:
        missing.append(f"{disk / 1e9:.0f} GB of disk at {here.temporary} ({free / 1e9:.1f} GB are free)")
    if missing:
        raise DeviceError(f"this machine lacks {'; and '.join(missing)}")
    return lines


def _prove_gpus(wanted: int) -> tuple[list[str], str]:
    """Return a line for each GPU and what is wrong with them, if anything.

    In a process of its own: a driver that hangs is given up, and CUDA stays untouched here, so that training may still start
    one process for each GPU.
    """
    command = [sys.executable, "-P", "-c", PROBE, str(wanted)]
    try:
        done = subprocess.run(  # noqa: S603
            command, capture_output=True, text=True, errors="replace", timeout=PROBE_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return [], f"no answer within {PROBE_SECONDS:.0f} s"
    errors = [line for line in done.stderr.splitlines() if line.strip()]
    return done.stdout.splitlines(), (errors or ["the probe failed"])[-1].strip() if done.returncode else ""
