import math
from dataclasses import dataclass

import pytest

from automl_skin.errors import IntegrityError
from automl_skin.records import NullableFloat, check_record, from_plain, read_record, to_plain, write_record


@dataclass(frozen=True)
class Part:
    name: str
    share: float = 0.5


@dataclass(frozen=True)
class Whole:
    parts: tuple[Part, ...]
    folds: tuple[int, ...]
    auc: NullableFloat = math.nan
    named: dict[str, float] | None = None


WHOLE = Whole((Part("a"), Part("b", 1.0)), (1, 2), 0.75, {"x": 1.0})
PLAIN = {
    "parts": [{"name": "a", "share": 0.5}, {"name": "b", "share": 1.0}],
    "folds": [1, 2],
    "auc": 0.75,
    "named": {"x": 1.0},
}


def test_a_record_survives_a_file(tmp_path):
    assert to_plain(WHOLE) == PLAIN
    write_record(tmp_path / "whole.json", WHOLE)
    assert read_record(Whole, tmp_path / "whole.json") == WHOLE


def test_nan_is_null():
    plain = to_plain(Whole((), ()))
    assert plain["auc"] is None
    assert math.isnan(from_plain(Whole, plain, "here").auc)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"folds": ["1"]}, r"Whole\.folds\.0"),
        ({"folds": [1.5]}, r"Whole\.folds\.0"),
        ({"auc": "high"}, r"Whole\.auc"),
        ({"parts": [{"name": 3}]}, r"Whole\.parts\.0\.name"),
        ({"parts": [{"name": "a", "share": None}]}, r"Whole\.parts\.0\.share"),
        ({"parts": [{"name": "a", "weight": 1.0}]}, r"Whole\.parts\.0\.weight"),
        ({"unknown": 1}, r"Whole\.unknown"),
    ],
)
def test_a_wrong_field_is_named_with_its_file(change, field):
    with pytest.raises(IntegrityError, match=rf"^a\.json: {field}: .*, got "):
        from_plain(Whole, {**PLAIN, **change}, "a.json")


def test_a_missing_field_is_an_error():
    with pytest.raises(IntegrityError, match=r"Whole\.folds: field required\. .*another version"):
        from_plain(Whole, {"parts": []}, "a.json")


def test_a_record_made_by_hand_is_checked():
    check_record(WHOLE)
    with pytest.raises(IntegrityError, match=r"Whole\.folds\.0: .*, got 'x'"):
        check_record(Whole((), ("x",)))
    with pytest.raises(IntegrityError, match=r"Part\.share: .*finite"):
        check_record(Part("a", math.inf))
