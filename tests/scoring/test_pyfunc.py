import sys
from pathlib import Path

import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "tracking"))  # the small bundle is there
import small_bundle

from automl_skin.errors import ConfigError
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


@pytest.mark.parametrize(("image", "problem"), [("/etc/passwd", "is neither"), (None, "no image was given")])
def test_what_is_no_image_is_named(service, image, problem):
    assert problem in ask(service, image=image)["problem"]


def test_without_a_root_paths_are_refused(bundle, monkeypatch):
    monkeypatch.delenv("AUTOML_SKIN_IMAGE_ROOT", raising=False)
    assert "takes no paths" in ask(_load_pyfunc(str(bundle)), image="one.png")["problem"]


def test_words_for_missing_and_impossible_numbers_are_missing(service):
    row = {"image": "one.png"}
    assert ask(service, **row)["probability"] == ask(service, **row, age=1e9, sex="unknown")["probability"]
    assert ask(service, **row, age=1e9, sex="male")["flags"] == "missing_age"


def test_a_root_that_is_no_folder_is_refused(bundle, monkeypatch):
    monkeypatch.setenv("AUTOML_SKIN_IMAGE_ROOT", "/nowhere/at/all")
    with pytest.raises(ConfigError, match="must be the folder of the images"):
        _load_pyfunc(str(bundle))
