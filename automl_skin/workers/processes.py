"""Workers that evaluate folds and tune networks: this process, or a pool of processes.

The interface is that of `concurrent.futures`, so that another executor (of a cluster, say) can stand in.
"""

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any


class HereAndNow(Executor):
    """Runs each call at once, in this process: one worker, nothing to start."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Call `fn` and return its outcome as a finished future."""
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - an executor hands every failure to who asked
            future.set_exception(error)
        return future


def available_processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def open_workers(jobs: int) -> Iterator[Executor]:
    """Give an executor of `jobs` workers, and end them however the block ends."""
    if jobs == 1:
        yield HereAndNow()
        return
    with open_processes(jobs) as pool:
        yield pool


@contextmanager
def open_processes(jobs: int, threads: int = 1) -> Iterator[ProcessPoolExecutor]:
    """Give an executor of `jobs` processes with `threads` threads each, and end them however the block ends."""
    # spawned, not forked: torch and OpenMP do not survive a fork
    pool = ProcessPoolExecutor(
        jobs, multiprocessing.get_context("spawn"), initializer=_begin, initargs=(threads,)
    )
    try:
        yield pool
    finally:
        _end(pool)


def _begin(threads: int) -> None:
    """Leave Ctrl-C to the parent, end when it is killed, and limit the threads of this worker."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = str(threads)
    import torch

    torch.set_num_threads(threads)


def _end_with_parent() -> None:
    """End with the parent: a pool's worker would wait for its next call for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _end(pool: ProcessPoolExecutor) -> None:
    """End the workers without waiting for calls whose outcome nobody wants any more."""
    processes = list((pool._processes or {}).values())  # noqa: SLF001 - no public way to stop a running call
    pool.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        process.terminate()
    for process in processes:
        process.join()
