import pandas as pd
import pytest

from automl_skin.data.dates import holds_dates


@pytest.mark.parametrize(
    "value",
    [
        *("2020-01-31", "2020/1/31", "31.01.2020", "31/01/2020", "01/31/2020", "31.1.20", "20200131"),
        "2020-01",
        *("2020-01-31 12:30", "2020-01-31T12:30:05.123Z", "2020-01-31 12:30:00+00:00", "12:30"),
        "1/31/2020 3:04 PM",
        *("31. Januar 2020", "31 janvier 2020", "3 de marzo de 2020", "Jan 31, 2020", "31-Mar-20", "01/2020"),
    ],
)
def test_dates_and_times(value):
    assert holds_dates(pd.Series([value, None, value]))


@pytest.mark.parametrize(
    "value", ["2020", "1.5", "10-20", "C44.3", "3 mm", "1-2-3", "5/6", "may 12", "mar", "12345678"]
)
def test_what_is_no_date(value):
    assert not holds_dates(pd.Series([value, None, value]))


def test_columns_of_dates():
    assert holds_dates(pd.Series(pd.to_datetime(["2020-01-31", None])))
    assert not holds_dates(pd.Series([None, None]))
    assert not holds_dates(pd.Series(["2020-01-31", "back", "arm"]))


def test_numbers_are_dates_where_the_name_says_so():
    days = pd.Series([43_861.0, 43_900.0], name="Datum")
    assert holds_dates(days)
    assert not holds_dates(days.rename("cells"))
    assert holds_dates(pd.Series([1_580_428_800, 1_580_515_200], name="timestamp"))
