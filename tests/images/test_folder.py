import pytest

from automl_skin.errors import ImageError
from automl_skin.images.folder import ImageFolder


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
    with pytest.raises(ImageError, match=r"must lie inside the image folder .* leads to .*; copy the image"):
        ImageFolder(root).read(path)


def test_absolute_paths_are_refused(root):
    with pytest.raises(
        ImageError, match=r"secret\.jpg' must be the path of a file inside .*; name the image"
    ):
        ImageFolder(root).read(str(root.parent / "secret.jpg"))


@pytest.mark.parametrize("path", ["", ".", "..", "deep/", "deep/..", "a\0.jpg"])
def test_what_is_no_file_name_is_refused(root, path):
    with pytest.raises(ImageError, match=r"must be the path of a file inside"):
        ImageFolder(root).file(path)


def test_links_are_followed_inside_and_refused_outside(root):
    (root / "again.jpg").symlink_to(root / "a.jpg")
    (root / "out.jpg").symlink_to(root.parent / "secret.jpg")
    (root / "way-out").symlink_to(root.parent)
    folder = ImageFolder(root)
    assert folder.read("again.jpg") == b"a"
    for path in ("out.jpg", "way-out/secret.jpg"):
        with pytest.raises(ImageError, match="must lie inside the image folder"):
            folder.state(path)


def test_the_folder_itself_may_be_a_link(root, tmp_path):
    (tmp_path / "link").symlink_to(root)
    assert ImageFolder(tmp_path / "link").read("deep/b.jpg") == b"b"


def test_missing_and_unreadable_files_are_named(root):
    folder = ImageFolder(root)
    with pytest.raises(
        ImageError, match=r"x\.jpg must be in the image folder .* and is missing; put the image"
    ):
        folder.read("x.jpg")
    with pytest.raises(ImageError, match=r"deep must be a readable file and is not \(Is a directory\)"):
        folder.read("deep")
    with pytest.raises(FileNotFoundError, match=r"x\.jpg"):
        folder.state("x.jpg")


def test_a_name_with_umlauts_finds_its_file_in_either_unicode_form(root):
    (root / "deep" / "Na\u0308vus.jpg").write_bytes(b"n")
    folder = ImageFolder(root)
    assert folder.read("deep/N\u00e4vus.jpg") == folder.read("deep/Na\u0308vus.jpg") == b"n"
    with pytest.raises(ImageError, match="is missing"):
        folder.read("deep/N\u00f6vus.jpg")


def test_a_link_that_leads_out_is_not_followed_for_its_spelling(root):
    (root / "Na\u0308vus.jpg").symlink_to(root.parent / "secret.jpg")
    with pytest.raises(ImageError, match="must lie inside the image folder"):
        ImageFolder(root).read("N\u00e4vus.jpg")
