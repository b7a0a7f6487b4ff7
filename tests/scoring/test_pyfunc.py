import base64
import sys
from pathlib import Path
from urllib.parse import quote

import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "tracking"))  # the small bundle is there
import small_bundle

from automl_skin.errors import ConfigError
from automl_skin.scoring import pyfunc
from automl_skin.scoring.pyfunc import _load_pyfunc


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return small_bundle.make_bundle(tmp_path_factory.mktemp("bundle") / "moles-bundle")


@pytest.fixture
def service(bundle, tmp_path, monkeypatch):
    root = tmp_path / "images"
    root.mkdir()
    (root / "one.png").write_bytes(small_bundle.photograph(1))
    (tmp_path / "secret.png").write_bytes(small_bundle.photograph(2))
    (root / "link.png").symlink_to(tmp_path / "secret.png")
    monkeypatch.setenv("AUTOML_SKIN_IMAGE_ROOT", str(root))
    return _load_pyfunc(str(bundle))


def ask(service, **columns):
    return service.predict(pd.DataFrame({name: [value] for name, value in columns.items()})).iloc[0]


def test_a_path_below_the_root_answers_like_its_bytes(service):
    content = small_bundle.base64_of(small_bundle.photograph(1))
    by_bytes = ask(service, image=content, age=40, sex="male")
    assert by_bytes["probability"] == ask(service, image="one.png", age=40, sex="male")["probability"]
    assert (
        by_bytes["probability"]
        == ask(service, image=f"data:image/png;base64,{content}", age=40, sex="male")["probability"]
    )
    assert (by_bytes["flags"], by_bytes["problem"]) == ("", "")
    assert by_bytes["decision"] in {"benign", "malignant"}


@pytest.mark.parametrize(
    "path", ["../secret.png", "link.png", "/etc/hostname.txt", "gone.png", "..\\secret.png"]
)
def test_no_other_path_is_read_and_no_folder_is_named(service, tmp_path, path):
    answer = ask(service, image=path)
    assert answer["probability"] is None
    assert answer["decision"] == ""
    assert "below the server's image folder" in answer["problem"]
    assert "image_unreadable" in answer["flags"]
    assert str(tmp_path) not in answer["problem"].replace(path, "")


@pytest.mark.parametrize(
    ("image", "problem"),
    [("/etc/passwd", "expected an image"), ("no base64!", "got neither"), (None, "no image was given")],
)
def test_what_is_no_image_is_named(service, image, problem):
    assert problem in ask(service, image=image)["problem"]


def test_without_a_root_paths_are_refused(bundle, monkeypatch):
    monkeypatch.delenv("AUTOML_SKIN_IMAGE_ROOT", raising=False)
    assert "takes no paths" in ask(_load_pyfunc(str(bundle)), image="one.png")["problem"]


def test_words_for_missing_and_impossible_numbers_are_missing(service):
    row = {"image": "one.png"}
    assert ask(service, **row)["probability"] == ask(service, **row, age=1e9, sex="unknown")["probability"]
    assert ask(service, **row, age=1e9, sex="male")["flags"] == "out_of_range_age"


def test_a_root_that_is_no_folder_is_refused(bundle, monkeypatch):
    monkeypatch.setenv("AUTOML_SKIN_IMAGE_ROOT", "/nowhere/at/all")
    with pytest.raises(ConfigError, match="expected the folder of the images"):
        _load_pyfunc(str(bundle))


def test_base64_is_taken_as_it_is_sent(service):
    content = small_bundle.photograph(1)
    plain = ask(service, image=small_bundle.base64_of(content))["probability"]
    url = base64.urlsafe_b64encode(content).decode()
    lines = base64.encodebytes(content).decode()
    standard = small_bundle.base64_of(content)
    assert set("-_") & set(url)
    for sent in (
        url,
        url.rstrip("="),
        lines,
        lines.replace("\n", "\r\n"),
        f"  {standard}\n",
        f"data:image/png;base64,{lines}",
        f"DATA:image/png;base64,{standard}".replace("DATA", "data"),
        "data:image/png;base64," + quote(standard),
        "data:image/png," + quote(content),
        content,
    ):
        answer = ask(service, image=sent)
        assert (answer["probability"], answer["problem"]) == (plain, "")


@pytest.mark.parametrize(
    "sent", ["????", "\u00e4\u00f6", "a", "data:;base64,a", ["x"], {"a": 1}, 5, "=", "===="]
)
def test_what_is_no_base64_has_a_problem_and_stops_nothing(service, sent):
    rows = pd.DataFrame({"image": [sent, "one.png"]})
    answers = service.predict(rows)
    assert answers["probability"][0] is None
    assert answers["problem"][0]
    assert answers["probability"][1] is not None


@pytest.mark.parametrize(
    "content",
    [b"", b"root:x:0:0 secret", b"GIF89a secret", b"\x89PNG\r\n\x1a\nsecret", b"BMsecret", b"II*\0secret"],
)
def test_nothing_is_told_of_a_file_that_is_no_image(service, tmp_path, content):
    (tmp_path / "images" / "file.txt").write_bytes(content)
    absent, there = ask(service, image="gone.txt"), ask(service, image="file.txt")
    assert there["problem"].replace("file.txt", "") == absent["problem"].replace("gone.txt", "")
    assert list(there) == list(absent)
    assert "secret" not in str(list(there))


def test_flags_are_those_of_the_command_line(service):
    row = {"image": "one.png"}
    assert ask(service, **row, age="50", sex=" MALE")["flags"] == ""
    assert ask(service, **row, age=-999.0, sex="M")["flags"] == "out_of_range_age;unseen_sex"
    assert ask(service, **row, Age=50, sex="male")["flags"] == "missing_age"
    assert (
        ask(service, **row, age=50, sex="MALE")["probability"]
        == ask(service, **row, age=50, sex="male")["probability"]
    )


def test_images_are_decoded_one_after_the_other(service, monkeypatch):
    begun = []
    monkeypatch.setattr(pyfunc, "decode_base64", lambda value: begun.append(value) or b"")
    photographs = service.photographs(pd.DataFrame({"image": ["a", "b", "c"]}))
    next(photographs)
    assert begun == ["a"]


def test_a_text_that_is_too_long_is_not_decoded(service, monkeypatch):
    monkeypatch.setattr(pyfunc, "MAX_IMAGE_BYTES", 10)
    assert "expected an image of at most" in ask(service, image="a" * 21)["problem"]
