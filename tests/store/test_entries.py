import logging
import os
import threading
import time

import pytest

from automl_skin.errors import ConfigError, StorageError
from automl_skin.files import write_json
from automl_skin.store import entries
from automl_skin.store.entries import DAMAGED, KEY, EntryStore, mark_used, select_key, set_aside

ONE, TWO, THREE = "1" * 64, "2" * 64, "3" * 64


@pytest.fixture
def store(tmp_path):
    """A store with three entries of 1,000 bytes, used one, two and three days ago."""
    store = EntryStore(tmp_path / "store")
    for days, digest in enumerate((ONE, TWO, THREE), 1):
        folder = store.folder / digest
        write_json(folder / KEY, {"name": digest[0]})
        (folder / "part").mkdir()
        (folder / "part" / "values").write_bytes(bytes(1000))
        used = time.time() - days * 86_400
        os.utime(folder / KEY, (used, used))
    return store


def digests(found):
    return [entry.digest for entry in found]


def test_entries_are_listed_least_recently_used_first(store):
    found = store.list()
    assert digests(found) == [THREE, TWO, ONE]
    assert [entry.key for entry in found] == [{"name": "3"}, {"name": "2"}, {"name": "1"}]
    assert all(1000 < entry.size_bytes < 1100 for entry in found)
    mark_used(store.folder / TWO)
    assert digests(store.list()) == [THREE, ONE, TWO]
    assert EntryStore(store.folder / "none").list() == ()


def test_an_entry_without_a_readable_key_is_listed(store):
    (store.folder / TWO / KEY).write_text("{")
    (store.folder / ONE / KEY).unlink()
    assert [entry.key for entry in store.list()] == [{"name": "3"}, {}, {}]


def test_prune_by_age_by_key_and_everything(store):
    assert digests(store.prune(older_than_days=2.5)) == [THREE]
    assert digests(store.prune(digest=ONE[:12])) == [ONE]
    assert digests(store.prune(everything=True)) == [TWO]
    assert store.list() == ()


@pytest.mark.parametrize("wish", [{}, {"digest": ONE, "everything": True}])
def test_prune_needs_exactly_one_wish(store, wish):
    with pytest.raises(ConfigError, match="exactly one of"):
        store.prune(**wish)
    assert len(store.list()) == 3


def test_a_key_must_be_the_beginning_of_one(store):
    with pytest.raises(ConfigError, match=f"begins with 'abc', got 0; the cache holds: {THREE[:12]}, 2"):
        store.prune(digest="abc")
    with pytest.raises(ConfigError, match="begins with '', got 3"):
        select_key("", store.list())
    (store.folder / (ONE + DAMAGED)).mkdir()
    assert len(select_key("1", store.list())) == 2


def test_a_held_entry_is_neither_pruned_nor_evicted(store, caplog):
    with store.hold(THREE, "computes it"), caplog.at_level(logging.WARNING):
        assert digests(store.prune(everything=True)) == [TWO, ONE]
        store.make_room(ONE, 5000, 5000)
    assert "was left" in caplog.text
    assert digests(store.list()) == [THREE]


def test_a_second_holder_waits_and_says_so(store, caplog):
    order = []

    def second():
        with store.hold(ONE, "computes the same"):
            order.append("second")

    with store.hold(ONE, "computes the same"), caplog.at_level(logging.WARNING):
        thread = threading.Thread(target=second)
        thread.start()
        time.sleep(0.2)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]
    assert "another process computes the same; waiting for it" in caplog.text


def test_room_is_made_of_the_least_recently_used(store):
    store.make_room("4" * 64, 1000, 3500)
    assert digests(store.list()) == [TWO, ONE]
    store.make_room("4" * 64, 1000, 3500)
    assert digests(store.list()) == [TWO, ONE]
    store.make_room(TWO, 3000, 3500)  # what is written anew does not count, and stays
    assert digests(store.list()) == [TWO]


def test_too_little_space_is_said(store, monkeypatch):
    monkeypatch.setattr(entries.shutil, "disk_usage", lambda folder: type("Usage", (), {"free": 10_000})())
    store.make_room(ONE, 11_000, 100_000)  # its own bytes are going to be free
    with pytest.raises(StorageError, match=r"1\.2e-05 GB of free space, got .*free some space"):
        store.make_room(ONE, 12_000, 100_000)


def test_what_is_damaged_is_set_aside(store, tmp_path, caplog):
    for content in (b"old", b"new"):
        path = tmp_path / "a.bin"
        path.write_bytes(content)
        set_aside(path)
        assert not path.exists()
        assert (tmp_path / "a.bin.damaged").read_bytes() == content
    (store.folder / (ONE + DAMAGED)).mkdir()
    set_aside(store.folder / ONE)
    assert (store.folder / (ONE + DAMAGED) / KEY).is_file()
    with caplog.at_level(logging.WARNING):
        set_aside(store.folder / ONE)
    assert "could not be set aside" in caplog.text
