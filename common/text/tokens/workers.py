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
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

from common.environment import PROJECT, cpu_count
from common.errors import DeviceError
from common.progress import Progress

if TYPE_CHECKING:
    from numpy import int32
    from numpy.typing import NDArray

    from common.text.tokens.words import Batch

    Tokenize = Callable[[Sequence[str]], Batch]

CODE = "from common.text.tokens.workers import work; work()"
_TEXTS_AT_ONCE = 500
_FEW = 1_000  # texts that are done here before a process would have started
# Libraries that spaCy imports where it finds them and tokenising does not use.
_NOT_NEEDED = ("torch", "tensorflow", "jax", "cupy", "mxnet")


def tokenise(
    texts: Sequence[str], progress: Progress, workers: int | None = None
) -> tuple[NDArray[int32], NDArray[int32], list[str]]:
    """Return the token numbers of all texts, how many each has, and the tokens by number.

    Args:
        texts: n texts.
        progress: shows how far it is.
        workers: processes; by default one for each processor, and none for a few texts.

    Raises:
        DeviceError: if a worker dies, as it does when memory is short.
    """
    import numpy as np

    from common.text.tokens.words import Numbers, Words

    blocks = [texts[start : start + _TEXTS_AT_ONCE] for start in range(0, len(texts), _TEXTS_AT_ONCE)]
    if workers is None:
        workers = cpu_count() if len(texts) > _FEW else 0
    numbers, lengths = ([np.zeros(0, np.int32)] * (len(blocks) + 1) for _ in range(2))
    tokens, waiting, lock = Numbers(), iter(enumerate(blocks)), threading.Lock()

    def serve(tokenize: Tokenize) -> None:
        """Have blocks tokenised by one worker until none is left."""
        known: list[int] = []  # the common number of each token that this worker has met
        while True:
            with lock:
                number, block = next(waiting, (-1, ()))
            if number < 0:
                return
            batch = tokenize(block)
            with lock:
                known.extend(map(tokens.__getitem__, batch.new))
                numbers[number], lengths[number] = np.array(known, dtype=np.int32)[batch.numbers], batch.lengths
                task.advance(len(block))

    with progress.task("tokenise", len(texts), "texts") as task:
        if workers < 1:
            serve(Words())
        else:
            with ThreadPoolExecutor(workers) as threads:  # a thread talks to each process
                try:
                    for served in [threads.submit(_in_process, serve) for _ in blocks[:workers]]:
                        served.result()
                finally:
                    with lock:
                        deque(waiting, maxlen=0)  # after a failure or an interruption nothing more is handed out
    return np.concatenate(numbers), np.concatenate(lengths), list(tokens)


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


def _in_process(serve: Callable[[Tokenize], None]) -> None:
    """Let a process of its own serve."""
    paths = os.pathsep.join([str(PROJECT), *filter(None, [os.environ.get("PYTHONPATH")])])
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-P", "-c", CODE],
        env={**os.environ, "PYTHONPATH": paths},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        serve(partial(_asked, process))
    finally:
        process.kill()
        process.communicate()


def _asked(process: subprocess.Popen[bytes], texts: Sequence[str]) -> Batch:
    """Return what a worker makes of some texts."""
    assert process.stdin is not None and process.stdout is not None  # noqa: S101  they are pipes
    try:
        pickle.dump(list(texts), process.stdin, pickle.HIGHEST_PROTOCOL)
        process.stdin.flush()
        if (batch := _received(process.stdout)) is not None:
            return batch  # type: ignore[no-any-return]
    except (OSError, pickle.UnpicklingError):
        pass
    _, errors = process.communicate()
    lines = errors.decode(errors="replace").strip().splitlines()
    why = lines[-1] if lines else "killed, as when memory is short; close other programs and run it again"
    raise DeviceError(f"a process that tokenises ended with code {process.returncode}: {why}")


def _received(pipe: Any) -> Any:
    """Return the next object, or None where there is no more."""
    try:
        return pickle.load(pipe)  # noqa: S301  both ends are this program
    except EOFError:
        return None
