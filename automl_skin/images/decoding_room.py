"""Room for pictures that are being decoded: all threads of a process together keep to a limit of memory.

A picture of 600 kB may claim hundreds of megabytes of pixels, and a server decodes what strangers send.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

MAX_DECODING_BYTES = 576_000_000
"""Limit of all pictures decoded at one time, and of a single one: a PNG of 57 million pixels takes as much.

With what the program itself takes (about 1.1 GB with MLflow's server) this stays below 2 GB.
"""


class DecodingRoom:
    """Lets threads continue while what they hold together stays below a limit; others wait their turn.

    Parameters
    ----------
    limit : int
        Bytes.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.held = 0
        self._changed = threading.Condition()

    @contextmanager
    def hold(self, n_bytes: int) -> Iterator[None]:
        """Hold some bytes, once there is room for them; a request above the limit gets all of it.

        A thread that holds some must not ask for more: two such threads would wait for each other.
        """
        wanted = min(n_bytes, self.limit)
        with self._changed:
            self._changed.wait_for(lambda: self.held + wanted <= self.limit)
            self.held += wanted
        try:
            yield
        finally:
            with self._changed:
                self.held -= wanted
                self._changed.notify_all()

    def empty(self) -> None:
        """Forget who holds what: in a forked process the threads that held it are gone."""
        self.held = 0
        self._changed = threading.Condition()


DECODING_ROOM = DecodingRoom(MAX_DECODING_BYTES)
os.register_at_fork(after_in_child=DECODING_ROOM.empty)
