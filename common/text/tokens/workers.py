"""The processes that share the tokenising.

Each is a fresh interpreter that imports spaCy and no PyTorch, which spaCy would import too if it could: they start in a
second, take little memory, and what the asking process has loaded, or which threads it runs, does not matter to them.
"""

from __future__ import annotations

import gc
import os
import pickle
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from common.environment import PROJECT, cpu_count
from common.errors import DeviceError
from common.progress import Progress, Task

if TYPE_CHECKING:
    from numpy import int32
    from numpy.typing import NDArray

    from common.text.tokens.words import Batch

_TEXTS_AT_ONCE = 500
_FEW = 1_000  # texts that are done here before a process would have started
_WORK = "from common.text.tokens.workers import work; work()"
# Libraries that spaCy imports where it finds them and tokenising does not use.
_NOT_NEEDED = ("torch", "tensorflow", "jax", "cupy", "mxnet")


def tokenise(
    texts: Sequence[str], progress: Progress, workers: int | None = None
) -> tuple[NDArray[int32], NDArray[int32], list[str]]:
    """Return the token numbers of all texts, how many each has, and the tokens by number.

    Args:
        texts: n texts.
        progress: told how far it is.
        workers: processes; by default one for each processor, and none for a few texts.

    Raises:
        DeviceError: if a worker dies, as it does when memory is short.
    """
    import numpy as np

    blocks = [texts[start : start + _TEXTS_AT_ONCE] for start in range(0, len(texts), _TEXTS_AT_ONCE)]
    count = min(cpu_count() if len(texts) > _FEW else 0, len(blocks)) if workers is None else min(workers, len(blocks))
    merged = _Merged(len(blocks))
    with progress.task("tokenise", len(texts), "texts") as task:
        if count:
            _share(blocks, merged, count, task)
        else:
            _alone(blocks, merged, task)
    if not blocks:
        return np.zeros(0, np.int32), np.zeros(0, np.int32), []
    return np.concatenate(merged.numbers), np.concatenate(merged.lengths), list(merged.tokens)


def work() -> None:
    """Be a worker: read texts from standard input, write their tokens to standard output, until there are no more."""
    for name in _NOT_NEEDED:
        sys.modules[name] = None  # type: ignore[assignment]  # an import of it fails from now on
    from common.text.tokens.words import Words

    gc.disable()  # the tables only grow; looking through them for garbage finds none
    words = Words()
    while (texts := _received(sys.stdin.buffer)) is not None:
        pickle.dump(words(texts), sys.stdout.buffer, pickle.HIGHEST_PROTOCOL)
        sys.stdout.buffer.flush()


class _Merged:
    """The batches of several workers under one numbering of tokens."""

    def __init__(self, blocks: int) -> None:
        from common.text.tokens.words import Numbers

        self.tokens = Numbers()
        self.numbers: list[Any] = [None] * blocks
        self.lengths: list[Any] = [None] * blocks

    def put(self, block: int, batch: Batch, known: list[int]) -> None:
        """Keep a block's batch; `known` holds the common number of each token that its worker has met."""
        import numpy as np

        known.extend(map(self.tokens.__getitem__, batch.new))
        self.numbers[block] = np.array(known, dtype=np.int32)[batch.numbers]
        self.lengths[block] = batch.lengths


def _alone(blocks: Sequence[Sequence[str]], merged: _Merged, task: Task) -> None:
    from common.text.tokens.words import Words

    words, known = Words(), list[int]()
    for place, texts in enumerate(blocks):
        merged.put(place, words(texts), known)
        task.advance(len(texts))


def _share(blocks: Sequence[Sequence[str]], merged: _Merged, count: int, task: Task) -> None:
    """Hand blocks to whichever worker is free; a thread of this process talks to each."""
    waiting = iter(enumerate(blocks))
    lock = threading.Lock()

    def serve() -> None:
        known: list[int] = []
        for batch, place in _answers(waiting, lock):
            with lock:
                merged.put(place, batch, known)
                task.advance(len(blocks[place]))

    with ThreadPoolExecutor(count) as threads:
        try:
            for served in [threads.submit(serve) for _ in range(count)]:
                served.result()
        finally:
            with lock:
                deque(waiting, maxlen=0)  # after a failure or an interruption nothing more is handed out


def _answers(waiting: Iterator[tuple[int, Sequence[str]]], lock: threading.Lock) -> Iterator[tuple[Batch, int]]:
    """Yield what a worker of one's own makes of blocks, until none is left."""
    process = _start()
    try:
        while True:
            with lock:
                place, texts = next(waiting, (-1, ()))
            if place < 0:
                return
            yield _asked(process, texts), place
    finally:
        process.kill()
        process.communicate()


def _start() -> subprocess.Popen[bytes]:
    paths = os.pathsep.join([str(PROJECT), *filter(None, [os.environ.get("PYTHONPATH")])])
    return subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", _WORK],
        env={**os.environ, "PYTHONPATH": paths},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def _asked(process: subprocess.Popen[bytes], texts: Sequence[str]) -> Batch:
    assert process.stdin is not None and process.stdout is not None  # noqa: S101  they are pipes
    try:
        pickle.dump(list(texts), process.stdin, pickle.HIGHEST_PROTOCOL)
        process.stdin.flush()
        if (batch := _received(process.stdout)) is not None:
            return batch  # type: ignore[no-any-return]
    except (OSError, pickle.UnpicklingError):
        pass
    _, said = process.communicate()
    words = said.decode(errors="replace").strip().splitlines()
    raise DeviceError(
        f"a process that tokenises ended with code {process.returncode} ({words[-1] if words else 'killed'}); "
        "if memory was short, close other programs and run it again"
    )


def _received(pipe: Any) -> Any:
    """Return the next object, or None where there is no more."""
    try:
        return pickle.load(pipe)  # noqa: S301  both ends are this program
    except EOFError:
        return None
