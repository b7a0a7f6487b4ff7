"""Forks of a process that has imported everything, each to do some work or be ended by SIGKILL."""

import os
import signal
import time
import traceback
from collections.abc import Callable

POLL_SECONDS = 0.01


def forked(work: Callable[[], object]) -> int:
    """Begin some work in a fork of this process; return its id."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            work()
            code = 0
        finally:  # whatever happened, the fork must not go on as its parent
            if code:
                traceback.print_exc()
            os._exit(code)
    return child


def ended(child: int) -> bool:
    """Return whether a fork has come to its end, which must be a good one."""
    found, status = os.waitpid(child, os.WNOHANG)
    assert status == 0
    return found != 0


def wait(child: int) -> None:
    """Wait until a fork has come to its end, which must be a good one."""
    _, status = os.waitpid(child, 0)
    assert status == 0


def finish(work: Callable[[], object]) -> None:
    """Do some work in a fork of this process."""
    wait(forked(work))


def killed(
    child: int,
    seconds: float,
    reached: Callable[[], bool] = lambda: True,
    left: Callable[[], bool] = lambda: False,
) -> bool:
    """Kill a fork so long after it has reached something, or when it leaves it if that is sooner.

    Returns False if the fork came to its end before.
    """
    deadline = None
    while deadline is None or (time.monotonic() < deadline and not left()):
        if ended(child):
            return False
        if deadline is None and reached():
            deadline = time.monotonic() + seconds
        time.sleep(POLL_SECONDS)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return True
