import pytest

from automl_skin.data import near_misses
from automl_skin.data.near_misses import NearMisses

IMAGES = ["LA\u0308SION 10.jpg", "deep/0007.png", "7.jpg", "part one.jpg", "01.jpg", "1.jpg"]
OTHERS = ["x.heic", "y.gif", "z.dcm", "notes.txt"]


@pytest.mark.parametrize(
    ("value", "file", "what"),
    [
        ("L\u00e4sion 10", "LA\u0308SION 10.jpg", near_misses.CASE),
        ("LA\u0308sion 10.JPG", "LA\u0308SION 10.jpg", near_misses.CASE),
        ("x", "x.heic", near_misses.FORMAT),
        ("Y.gif", "y.gif", near_misses.FORMAT),
        ("z.jpg", "z.dcm", near_misses.FORMAT),
        ("007", "deep/0007.png", near_misses.ZEROS),
        ("7.0", "7.jpg", near_misses.DECIMALS),
        ("part_one", "part one.jpg", near_misses.SIGNS),
    ],
)
def test_the_file_that_was_meant_is_named(value, file, what):
    assert NearMisses(IMAGES, OTHERS).find(value) == (file, what)


def test_what_is_near_to_nothing_is_not_named():
    nothing = NearMisses(IMAGES, OTHERS)
    assert nothing.find("q") is None
    assert nothing.say("q") == ""
    assert nothing.summarise(["q", "r"]) == []


def test_one_line_per_kind():
    lines = NearMisses(IMAGES, OTHERS).summarise(["q", "x", "y", "007"])
    assert [line.partition(" ")[0] for line in lines] == ["2", "1"]
    assert "'x', 'x.heic'" in lines[0]
