import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from automl_skin.images.decoding_room import DECODING_ROOM, DecodingRoom


def test_threads_together_keep_to_the_limit():
    room, most = DecodingRoom(100), []

    def use(n_bytes):
        with room.hold(n_bytes):
            most.append(room.held)
            time.sleep(0.002)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(use, [60, 30, 50, 100, 10, 400, 20, 90] * 5))
    assert len(most) == 40
    assert max(most) <= 100
    assert room.held == 0


def test_room_is_given_back_after_an_error():
    room = DecodingRoom(100)
    for _ in range(3):
        with pytest.raises(ValueError, match="damaged"), room.hold(100):
            raise ValueError("damaged")
    with room.hold(100):
        assert room.held == 100


def test_a_forked_process_has_all_the_room():
    with DECODING_ROOM.hold(DECODING_ROOM.limit):
        process = os.fork()
        if process == 0:
            held = threading.Thread(
                target=lambda: DECODING_ROOM.hold(DECODING_ROOM.limit).__enter__(), daemon=True
            )
            held.start()
            held.join(10)
            os._exit(1 if held.is_alive() else 0)
        assert os.waitpid(process, 0)[1] == 0
