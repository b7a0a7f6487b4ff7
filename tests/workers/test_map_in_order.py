import threading
import time

import pytest

from automl_skin.workers import map_in_order as module
from automl_skin.workers.map_in_order import map_in_order


def test_keeps_the_order_and_the_bound():
    begun, lock = [], threading.Lock()

    def work(item):
        with lock:
            begun.append(item)
        time.sleep(0.002 * (item % 3))
        return item

    found = []
    for result in map_in_order(work, range(40), threads=4, ahead=6):
        found.append(result)
        assert len(begun) <= len(found) + 6
    assert found == list(range(40))


def test_takes_no_more_files_ahead_than_may_wait_in_memory(monkeypatch):
    monkeypatch.setattr(module, "MAX_BYTES_AHEAD", 100)
    taken, may_end = [], threading.Event()
    source = (taken.append(item) or item for item in range(20))

    def work(item):
        may_end.wait(10)
        return item

    results = map_in_order(work, source, threads=2, ahead=20, weigh=lambda _: 60)
    timer = threading.Timer(0.2, may_end.set)
    timer.start()
    assert next(results) == 0
    assert len(taken) <= 4  # two before the first ended, whatever is done after it holds nothing
    assert list(results) == list(range(1, 20))


def test_ends_its_threads_when_the_reader_stops():
    before, begun = threading.active_count(), []

    def work(item):
        begun.append(item)
        time.sleep(0.01)

    results = map_in_order(work, range(1000), threads=2, ahead=100)
    next(results)
    results.close()
    assert threading.active_count() == before
    assert len(begun) < 50


def test_hands_on_what_is_raised():
    def fail(item):
        raise KeyError(item)

    with pytest.raises(KeyError, match="3"):
        list(map_in_order(fail, [3], threads=1, ahead=1))


def test_every_thread_begins_as_told():
    begun = []
    assert list(map_in_order(str, range(9), threads=1, ahead=3, begin=lambda: begun.append(1))) == list(
        "012345678"
    )
    assert begun == [1]
