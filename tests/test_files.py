import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from automl_skin import files
from automl_skin.errors import IntegrityError, StorageError
from automl_skin.files import atomic_write, read_json, storage_errors, write_json, write_text


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


def test_file_is_readable_by_others(tmp_path):
    write_text(tmp_path / "a.txt", "x")
    assert (tmp_path / "a.txt").stat().st_mode & 0o777 == 0o644


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
    monkeypatch.setattr(files.tempfile, "mkstemp", refuse(code))
    with pytest.raises(StorageError, match=message):
        write_text(tmp_path / "value.txt", "new")


@pytest.mark.parametrize("below", ["value.txt", "deeper/value.txt"])
def test_path_below_a_file_is_named(tmp_path, below):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match="choose another folder"):
        write_text(tmp_path / "file" / below, "new")


def test_other_errors_of_the_system_are_not_renamed(tmp_path, monkeypatch):
    monkeypatch.setattr(files.tempfile, "mkstemp", refuse(errno.EIO))
    with pytest.raises(OSError, match=os.strerror(errno.EIO)) as caught:
        write_text(tmp_path / "value.txt", "new")
    assert not isinstance(caught.value, StorageError)


@pytest.mark.parametrize("content", [b'{"half": ', b"", b"\xff\xfe\x00"])
def test_damaged_json_is_named(tmp_path, content):
    path = tmp_path / "value.json"
    path.write_bytes(content)
    with pytest.raises(IntegrityError, match=r"value\.json must be a JSON file"):
        read_json(path)


def test_only_files_are_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "pipe", tmp_path / "folder", Path("/dev/null")):
        with pytest.raises(StorageError, match="expected a file to write, got a folder, device or pipe"):
            write_text(path, "x")
