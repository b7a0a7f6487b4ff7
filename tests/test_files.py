import errno
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from automl_skin import files
from automl_skin.errors import IntegrityError, StorageError, TableError
from automl_skin.files import (
    atomic_write,
    read_json,
    storage_boundary,
    storage_errors,
    write_json,
    write_text,
)


def refuse(code):
    """Return a stand-in for a function of the operating system that fails."""

    def fail(*args, **kwargs):
        raise OSError(code, os.strerror(code))

    return fail


def test_json_comes_back_and_people_can_read_it(tmp_path):
    path = tmp_path / "new" / "folders" / "value.json"
    value = {"site": "Gesäß", "ages": [1, None, 2.5], "nested": {"x": True}}
    write_json(path, value)
    assert read_json(path) == value
    assert '"site": "Gesäß"' in path.read_text(encoding="utf-8")
    assert [entry.name for entry in path.parent.iterdir()] == ["value.json"]


@pytest.fixture
def umask():
    """Set the umask; it is that of the process, so it is put back."""
    before = os.umask(0o022)
    yield os.umask
    os.umask(before)


def with_arrays(path):
    save_file({"a": np.zeros(3)}, path)  # puts a file of its own in place, 0600


@pytest.mark.parametrize("mask", [0o022, 0o077, 0o002, 0o027])
@pytest.mark.parametrize("write", [lambda path: path.write_text("x"), with_arrays])
def test_permissions_are_those_of_any_new_file(tmp_path, umask, mask, write):
    umask(mask)
    for _ in range(2):  # made, and replaced
        with atomic_write(tmp_path / "folder" / "file") as temporary:
            write(temporary)
        assert (tmp_path / "folder" / "file").stat().st_mode & 0o777 == 0o666 & ~mask
    assert (tmp_path / "folder").stat().st_mode & 0o777 == 0o777 & ~mask


def test_nan_is_never_written(tmp_path):
    path = tmp_path / "value.json"
    write_json(path, 1)
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(path, float("nan"))
    assert read_json(path) == 1


def test_failure_half_way_leaves_the_old_file_alone(tmp_path):
    path = tmp_path / "value.txt"
    write_text(path, "old")

    def fail_half_way():
        with atomic_write(path) as temporary:
            temporary.write_text("ne")
            raise KeyError("interrupted")

    with pytest.raises(KeyError, match="interrupted"):
        fail_half_way()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_kill_half_way_leaves_the_old_file_alone(tmp_path):
    path = tmp_path / "value.txt"
    write_text(path, "old")
    code = (
        "import os, signal, sys; from pathlib import Path; from automl_skin.files import atomic_write\n"
        "with atomic_write(Path(sys.argv[1])) as temporary:\n"
        "    temporary.write_text('new')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    killed = subprocess.run([sys.executable, "-c", code, str(path)], check=False)
    assert killed.returncode == -9
    assert path.read_text() == "old"


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_full_disk_while_writing_is_named_and_leaves_nothing(tmp_path, monkeypatch, code):
    path = tmp_path / "value.txt"
    write_text(path, "old")
    monkeypatch.setattr(Path, "write_text", refuse(code))
    with pytest.raises(StorageError, match=r"cannot write .*value\.txt: .*free some space"):
        write_text(path, "new")
    monkeypatch.undo()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_full_disk_seen_only_at_the_end_is_named_too(tmp_path, monkeypatch):
    path = tmp_path / "value.txt"
    write_text(path, "old")
    monkeypatch.setattr(files.os, "fsync", refuse(errno.ENOSPC))
    with pytest.raises(StorageError, match="the disk is full"):
        write_text(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
def test_what_a_full_device_says_is_understood():
    with pytest.raises(StorageError, match="the disk is full"), storage_errors(Path("/dev/full")):
        Path("/dev/full").write_text("x")


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (errno.EROFS, "read-only; choose another folder"),
        (errno.EACCES, "permission denied; choose another folder"),
        (errno.EPERM, "permission denied; choose another folder"),
    ],
)
def test_read_only_folder_is_named(tmp_path, monkeypatch, code, message):
    monkeypatch.setattr(files.os, "open", refuse(code))
    with pytest.raises(StorageError, match=message):
        write_text(tmp_path / "value.txt", "new")


class ForeignError(Exception):
    """Stands for an exception of a library that says in words what the system told it."""


IN_WORDS = [
    ("(sqlite3.OperationalError) database or disk is full", "free some space"),
    ("(sqlite3.OperationalError) attempt to write a readonly database", "read-only"),
    ("unable to open database file", "permission denied"),
    (
        'Error while serializing: I/O error: Os { code: 28, message: "No space left on device" }',
        "disk is full",
    ),
    ("[Errno 13] Error writing bytes to file. Detail: [errno 13] Permission denied", "permission denied"),
    ("PytorchStreamWriter failed writing file data/0: file write failed", "free some space"),
    ("No usable temporary directory found in ['/tmp']", "set TMPDIR"),
    ("Could not determine home directory.", "set HOME"),
]


@pytest.mark.parametrize(("words", "message"), IN_WORDS)
@pytest.mark.parametrize("kind", [ForeignError, RuntimeError, OSError])
def test_what_libraries_say_in_words_is_understood(words, message, kind):
    with pytest.raises(StorageError, match=message), storage_errors(Path("a.txt")):
        raise kind(words)
    with pytest.raises(StorageError, match=message), storage_boundary():
        raise kind(words)


def test_cause_of_a_librarys_error_is_found():
    @storage_boundary()
    def step():
        raise ForeignError("the run could not be logged") from OSError(
            errno.ENOSPC, "No space left on device", "runs.db"
        )

    with pytest.raises(StorageError, match=r"runs\.db: the disk is full"):
        step()


@pytest.mark.parametrize(
    "error", [KeyError("a"), FileNotFoundError(2, "No such file", "a.csv"), TableError("full")]
)
def test_other_errors_pass_the_boundary_as_they_are(error):
    @storage_boundary()
    def step():
        raise error

    with pytest.raises(type(error), match=r".") as caught:
        step()
    assert caught.value is error


@pytest.mark.skipif(not Path("/proc").exists(), reason="only Linux has a folder in which nothing can be made")
def test_folder_that_cannot_be_made_is_named():
    with pytest.raises(StorageError, match="its folder cannot be made there; choose another folder"):
        write_text(Path("/proc/new/value.txt"), "x")


def test_file_that_is_missing_while_another_is_written_is_no_storage_error(tmp_path):
    with pytest.raises(FileNotFoundError, match="photograph"), atomic_write(tmp_path / "a"):
        (tmp_path / "photograph").read_bytes()


def test_file_that_is_larger_than_allowed_is_named(tmp_path):
    code = (
        "import resource, sys; from pathlib import Path\n"
        "from automl_skin.errors import StorageError; from automl_skin.files import atomic_write\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))\n"
        "try:\n"
        "    with atomic_write(Path(sys.argv[1])) as path:\n"
        "        path.write_bytes(bytes(100_000))\n"
        "except StorageError as error:\n"
        "    print(error)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "a")], check=True, capture_output=True, text=True
    )
    assert "larger than is allowed here" in ended.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("below", ["value.txt", "deeper/value.txt"])
def test_path_below_a_file_is_named(tmp_path, below):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match="choose another folder"):
        write_text(tmp_path / "file" / below, "new")


def test_other_errors_of_the_system_are_not_renamed(tmp_path, monkeypatch):
    monkeypatch.setattr(files.os, "open", refuse(errno.EINTR))
    with pytest.raises(OSError, match=os.strerror(errno.EINTR)) as caught:
        write_text(tmp_path / "value.txt", "new")
    assert not isinstance(caught.value, StorageError)


NESTED = b"[" * 100_000


@pytest.mark.parametrize(
    "content", [b'{"half": ', b"", b"\xff\xfe\x00", b"NaN", b"[1e999]", b"[-Infinity]", NESTED]
)
def test_damaged_json_is_named(tmp_path, content):
    path = tmp_path / "value.json"
    path.write_bytes(content)
    with pytest.raises(IntegrityError, match=r"value\.json: expected a JSON file"):
        read_json(path)


def test_only_files_are_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "pipe", tmp_path / "folder", Path("/dev/null")):
        with pytest.raises(StorageError, match="expected a file to write, got a folder, device or pipe"):
            write_text(path, "x")
