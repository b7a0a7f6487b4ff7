import os
import socket

import pytest

from automl_skin.errors import ImageError
from automl_skin.images import folder as module
from automl_skin.images.folder import ImageFolder, shown_name


@pytest.fixture
def root(tmp_path):
    inside = tmp_path / "images"
    (inside / "deep").mkdir(parents=True)
    (inside / "a.jpg").write_bytes(b"a")
    (inside / "deep" / "b.jpg").write_bytes(b"b")
    (tmp_path / "secret.jpg").write_bytes(b"secret")
    (tmp_path / "images-too").mkdir()
    (tmp_path / "images-too" / "c.jpg").write_bytes(b"c")
    return inside


@pytest.mark.parametrize(
    ("path", "content"), [("a.jpg", b"a"), ("deep/b.jpg", b"b"), ("deep/../a.jpg", b"a")]
)
def test_reads_what_is_inside(root, path, content):
    folder = ImageFolder(root)
    assert folder.read(path) == content
    assert folder.state(path).st_size == 1
    assert folder.file(path).read_bytes() == content


@pytest.mark.parametrize(
    "path", ["../secret.jpg", "deep/../../secret.jpg", "../images-too/c.jpg", "nowhere/../../s"]
)
def test_dots_lead_nowhere(root, path):
    with pytest.raises(
        ImageError, match=r"expected a path inside the image folder .* leads to .*; copy the image"
    ):
        ImageFolder(root).read(path)


def test_absolute_paths_are_refused(root):
    with pytest.raises(
        ImageError, match=r"expected the path of a file inside .*secret\.jpg'; name the image"
    ):
        ImageFolder(root).read(str(root.parent / "secret.jpg"))


@pytest.mark.parametrize("path", ["", ".", "..", "deep/", "deep/..", "a\0.jpg"])
def test_what_is_no_file_name_is_refused(root, path):
    with pytest.raises(ImageError, match=r"expected the path of a file inside"):
        ImageFolder(root).file(path)


def test_links_are_followed_inside_and_refused_outside(root):
    (root / "again.jpg").symlink_to(root / "a.jpg")
    (root / "out.jpg").symlink_to(root.parent / "secret.jpg")
    (root / "way-out").symlink_to(root.parent)
    folder = ImageFolder(root)
    assert folder.read("again.jpg") == b"a"
    for path in ("out.jpg", "way-out/secret.jpg"):
        with pytest.raises(ImageError, match="expected a path inside the image folder"):
            folder.state(path)


def test_the_folder_itself_may_be_a_link(root, tmp_path):
    (tmp_path / "link").symlink_to(root)
    assert ImageFolder(tmp_path / "link").read("deep/b.jpg") == b"b"


def test_missing_and_unreadable_files_are_named(root):
    folder = ImageFolder(root)
    with pytest.raises(ImageError, match=r"x\.jpg: not found in the image folder .*; put the image"):
        folder.read("x.jpg")
    with pytest.raises(ImageError, match=r"deep: expected an image file, got a folder"):
        folder.read("deep")
    with pytest.raises(FileNotFoundError, match=r"x\.jpg"):
        folder.state("x.jpg")


def test_a_name_with_umlauts_finds_its_file_in_either_unicode_form(root):
    (root / "deep" / "Na\u0308vus.jpg").write_bytes(b"n")
    folder = ImageFolder(root)
    assert folder.read("deep/N\u00e4vus.jpg") == folder.read("deep/Na\u0308vus.jpg") == b"n"
    with pytest.raises(ImageError, match="not found in the image folder"):
        folder.read("deep/N\u00f6vus.jpg")


def test_a_link_that_leads_out_is_not_followed_for_its_spelling(root):
    (root / "Na\u0308vus.jpg").symlink_to(root.parent / "secret.jpg")
    with pytest.raises(ImageError, match="expected a path inside the image folder"):
        ImageFolder(root).read("N\u00e4vus.jpg")


ODD = {"pipe.jpg": "a pipe", "socket.jpg": "a socket", "folder.jpg": "a folder", "zero.jpg": "a device"}


@pytest.fixture
def odd(root, monkeypatch):
    os.mkfifo(root / "pipe.jpg")
    monkeypatch.chdir(root)  # the name of a socket may be 100 letters long
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket.jpg")
    (root / "folder.jpg").mkdir()
    (root / "loop.jpg").symlink_to("pool.jpg")
    (root / "pool.jpg").symlink_to("loop.jpg")
    return root


@pytest.mark.parametrize(("name", "kind"), ODD.items())
def test_what_is_no_regular_file_is_neither_waited_for_nor_read(odd, name, kind, monkeypatch):
    if kind == "a device":  # none can be made without privileges: the terminal's own stands for it
        monkeypatch.setattr(ImageFolder, "_resolve", lambda *_: "/dev/zero")
    with pytest.raises(ImageError, match=f"expected an image file, got {kind}"):
        ImageFolder(odd).read(name)


def test_a_loop_of_links_is_an_error(odd):
    with pytest.raises(ImageError, match="Too many levels of symbolic links"):
        ImageFolder(odd).read("loop.jpg")


class Unread:
    """An open file that fails a test that reads it."""

    def __init__(self, file):
        self.file = file

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()

    def read(self, *_):
        pytest.fail("read")


def test_a_file_that_is_too_large_is_not_read(root, monkeypatch):
    with (root / "sparse.jpg").open("wb") as file:
        file.truncate(6 * 2**30)
    opened = os.fdopen
    monkeypatch.setattr(os, "fdopen", lambda *given: Unread(opened(*given)))
    with pytest.raises(
        ImageError, match=r"expected an image file of at most 200 MB, got 6,442\.5 MB; shrink"
    ):
        ImageFolder(root).read("sparse.jpg")


def test_a_file_that_says_it_is_empty_and_is_not_is_read_up_to_the_limit(root, monkeypatch):
    monkeypatch.setattr(module, "MAX_IMAGE_BYTES", 3)
    (root / "long.jpg").write_bytes(b"1234")
    whole = os.fstat
    monkeypatch.setattr(
        os, "fstat", lambda handle: os.stat_result([*whole(handle)[:6], 0, *whole(handle)[7:10]])
    )
    with pytest.raises(ImageError, match="expected an image file of at most"):
        ImageFolder(root).read("long.jpg")


def test_a_name_that_is_not_utf8_has_one_that_can_be_written(root):
    name = os.fsdecode(b"mole\xe9\xff.jpg")
    (root / name).write_bytes(b"mole")
    shown = shown_name(name)
    assert shown.encode() == "mole\ufffdE9\ufffdFF.jpg".encode()
    assert ImageFolder(root).read(shown) == b"mole"
    assert shown_name("Läsion.jpg") == "Läsion.jpg"


def test_what_is_remembered_of_names_that_strangers_make_up_is_bounded(root, monkeypatch):
    monkeypatch.setattr(module, "MAX_REMEMBERED", 5)
    folder = ImageFolder(root)
    for number in range(50):
        with pytest.raises(ImageError, match="not found in the image folder"):
            folder.read(f"{number}/a.jpg")
    assert len(folder._subfolders) <= 5
    assert folder.read("deep/b.jpg") == b"b"
