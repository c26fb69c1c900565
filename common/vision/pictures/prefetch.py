"""Results that threads prepare before they are asked for."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Given = TypeVar("Given")
Made = TypeVar("Made")

_DEPTH = 2  # results that wait, for each thread: memory stays bounded however slow the reader is


def prefetch(function: Callable[[Given], Made], inputs: Iterable[Given], workers: int) -> Generator[Made]:
    """Yield `function` of each input, in order; with no workers, when it is asked for.

    An error of the function is raised in its result's place. Whoever stops reading waits for the results under way
    and for no more.
    """
    if not workers:
        yield from map(function, inputs)
        return
    waiting: deque[Future[Made]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        try:
            for each in inputs:
                waiting.append(pool.submit(function, each))
                if len(waiting) >= (_DEPTH + 1) * workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
