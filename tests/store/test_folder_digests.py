import os

import pytest

from automl_skin.digests import digest_bytes
from automl_skin.errors import IntegrityError
from automl_skin.store.folder_digests import DIGESTS, digest_files, find_changes, verify_folder, write_digests


@pytest.fixture
def folder(tmp_path):
    """A folder with two files and their digests."""
    (tmp_path / "a.txt").write_text("a")
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "b.txt").write_text("b")
    write_digests(tmp_path)
    return tmp_path


def test_every_file_has_a_digest(folder):
    assert digest_files(folder, {DIGESTS}) == {"a.txt": digest_bytes(b"a"), "deep/b.txt": digest_bytes(b"b")}
    verify_folder(folder, "try again")


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        (lambda folder: (folder / "a.txt").write_text("x"), "a.txt was changed"),
        (lambda folder: (folder / "deep" / "b.txt").unlink(), "deep/b.txt is missing"),
        (lambda folder: (folder / "deep" / "c.txt").touch(), "deep/c.txt is not listed"),
        (lambda folder: (folder / DIGESTS).unlink(), "digests.json is missing"),
        (lambda folder: (folder / DIGESTS).write_text("{}"), "digests.json was changed"),
        (lambda folder: (folder / DIGESTS).write_text("[1]"), "digests.json was changed"),
        (lambda folder: (folder / "link").symlink_to("a.txt"), "link is no file"),
        (lambda folder: (folder / "link").symlink_to("deep"), "link is no file"),
        (lambda folder: os.mkfifo(folder / "pipe"), "pipe is no file"),
    ],
)
def test_a_change_is_said(folder, damage, found):
    damage(folder)
    with pytest.raises(IntegrityError, match=f"{found}; try again"):
        verify_folder(folder, "try again")


def test_all_changes_are_listed_links_first(folder):
    digests = {**digest_files(folder, {DIGESTS}), "gone": "0", "a.txt": "1"}
    (folder / "z").symlink_to("a.txt")
    (folder / "more").touch()
    assert list(find_changes(folder, digests, {DIGESTS})) == [
        ("z", "is no file"), ("a.txt", "was changed"), ("gone", "is missing"), ("more", "is not listed")
    ]  # fmt: skip
