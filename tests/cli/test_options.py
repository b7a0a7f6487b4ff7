import pytest
import typer

from automl_skin.cli.options import parse_duration, split_commas


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("45m", 2700), ("2h", 7200), ("1d", 86400), (" 1H30m ", 5400)]
)
def test_durations(text, seconds):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "2", "h", "2 hours", "-1h", "1h x"])
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(typer.BadParameter, match="must be a duration such as"):
        parse_duration(text)


def test_commas():
    assert split_commas("a, b,,c ") == ["a", "b", "c"]
    assert split_commas(None) is None
