"""Results that threads compute ahead of the reader."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Input = TypeVar("Input")
Result = TypeVar("Result")

_DEPTH = 2  # results that wait, for each thread: memory stays bounded however slow the reader is


def prefetch(function: Callable[[Input], Result], inputs: Iterable[Input], workers: int) -> Generator[Result]:
    """Yield `function` of each input, in order; without workers, each is computed when it is read.

    An error of the function is raised in place of its result. Closing the generator waits for the results under way
    and for no more.
    """
    if not workers:
        yield from map(function, inputs)
        return
    waiting: deque[Future[Result]] = deque()
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
