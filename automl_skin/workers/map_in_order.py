"""Map by threads, in order, with a bounded look-ahead: for decoding, forward passes and reading batches."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

MAX_BYTES_AHEAD = 64_000_000
"""Of the items that wait for a thread."""

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_in_order(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    threads: int,
    ahead: int,
    *,
    weigh: Callable[[Item], int] | None = None,
    begin: Callable[[], object] | None = None,
) -> Generator[Result]:
    """Map `function` over `items` by threads and yield the results in order.

    Threads end when the generator does, also where its reader stops early.

    Parameters
    ----------
    function : callable
    items : iterable
        Read by the caller's thread, at most `ahead` items beyond the result asked for.
    threads : int
    ahead : int
        Items submitted before their results are asked for.
    weigh : callable, optional
        Bytes that an item holds: no further item is read while the unfinished ones hold more than
        `MAX_BYTES_AHEAD`.
    begin : callable, optional
        Called once by each thread.
    """
    source = iter(items)
    waiting: deque[tuple[Future[Result], int]] = deque()
    pool = ThreadPoolExecutor(threads, "map-in-order", initializer=begin)

    def fill() -> None:
        while (
            len(waiting) < ahead and sum(held for job, held in waiting if not job.done()) <= MAX_BYTES_AHEAD
        ):
            item = list(islice(source, 1))
            if not item:
                return
            waiting.append((pool.submit(function, *item), weigh(*item) if weigh else 0))

    try:
        fill()
        while waiting:
            result = waiting.popleft()[0].result()
            fill()
            yield result
    finally:  # the reader stopped early, or Ctrl-C
        pool.shutdown(wait=True, cancel_futures=True)
