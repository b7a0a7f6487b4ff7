import numpy as np
import pandas as pd
import pytest

from automl_skin.data.missing import (
    count_words,
    find_code_words,
    find_codes,
    find_shared_ids,
    is_missing_word,
    missing_words,
)


@pytest.mark.parametrize(
    "word",
    [
        *("", " ", "?", "??", ".", "-", "--", "—", "...", "N/A", "n/a", "N.A.", "n. a.", "#N/A", "NaN"),
        *("NULL", "<NA>"),
        *("unknown", "UNKNOWN", "Not Recorded", "not_recorded", "missing", "(missing)", "[unknown]"),
        "Not available.",
        *("unbekannt", "keine Angabe", "k.A.", "k. A.", "nicht verfügbar", "#NV", "weiß nicht"),
        *("inconnu", "Inconnue", "non renseigné", "non précisé"),
        *("desconocido", "no consta", "sin información"),
        *("sconosciuto", "non noto", "n.d."),
        *("desconhecido", "não informado", "ignorado"),
    ],
)
def test_words_for_missing(word):
    assert is_missing_word(word)
    assert missing_words(pd.Series([word, "x1"])).tolist() == [True, False]


@pytest.mark.parametrize(
    "word",
    [
        "no",
        "non",
        "nein",
        "+",
        "+/-",
        "0",
        "-1",
        "x",
        "other",
        "sin",
        "nd",
        "male",
        "trunk",
        "n",
        "1.",
        "a-b",
        "normal",
    ],
)
def test_words_that_mean_something(word):
    assert not is_missing_word(word)


def test_words_are_counted_as_they_are_written():
    values = pd.Series(["a", "k.A.", "-", None, "k.A.", "", 3])
    assert count_words(values) == [("k.A.", 2), ("-", 1)]


@pytest.mark.parametrize(
    ("values", "codes"),
    [
        ([1, 2, 3, 4, 5, 6, -1], (-1,)),
        ([0, 1, -1], (-1,)),
        ([4.0, 3.5, 7.0, -999], (-999,)),
        ([0, 3, -9, -8, -1], (-9, -8, -1)),
        ([-2.2, 0.4, 3.0, -999], (-999,)),
        ([1, 2, 3, 9, 9], (9,)),
        ([0, 5, 10, 99, 99], (99,)),
        ([0, 3, 88, 88, 99, 99], (88, 99)),
        ([20, 80, 999], (999,)),
        ([2016, 2017, 9999, 9999], (9999,)),
        ([0.5, 2.0, 99.9, 99.9], (99.9,)),
        ([0, 999], (999,)),
        ([1, 2, 3, 500, 500, 500, 500, 500], (500,)),
    ],
)
def test_numbers_that_are_codes(values, codes):
    assert find_codes(pd.Series(values, dtype="float64").sample(frac=1, random_state=0)) == codes


@pytest.mark.parametrize(
    "values",
    [
        [],
        [np.nan],
        [-9.0],
        [0, 1, 2, 3],
        [1, -1],
        [-2, -1, 0, 1, 2],
        [-0.5, -1, 0, 1.5],
        [0, 3.5, 99],
        [1, 2, 3, 4, 5, 6, 7, 8, 9, 9],
        [1, 2, 3, 9],
        [40, 60, 99, 99],
        [3.3, 200, 320, 999],
        [1, 1000, 5000, 9999],
        [0, 0, 0, 12345],
        [np.inf, 1, 2],
        [30, 500, 30_000],
    ],
)
def test_numbers_that_are_measurements(values):
    assert find_codes(pd.Series(values, dtype="float64")) == ()


def test_honest_columns_have_no_codes():
    for seed in range(20):
        rng = np.random.default_rng(seed)
        for values in (
            rng.integers(0, 100, 500),
            rng.normal(size=500),
            rng.lognormal(3, 1, 500).round(1),
            rng.poisson(2, 500),
            rng.integers(1, 7, 500),
            rng.exponential(30, 500).round(),
        ):
            assert find_codes(pd.Series(values, dtype="float64")) == ()


def test_numbers_among_words():
    assert find_code_words(pd.Series(["male", "female", "999", None, "-9"])) == (-9.0, 999.0)
    assert find_code_words(pd.Series(["male", "female", "1"])) == ()
    assert find_code_words(pd.Series(["C44.1", "C44.3", "999"])) == ()


def test_one_id_of_many_rows_stands_for_nobody():
    others = [str(number) for number in range(1, 30) for _ in range(2)]
    assert find_shared_ids(pd.Series(["0"] * 12 + others, dtype="str")) == ["0"]
    assert find_shared_ids(pd.Series(["9999"] * 40 + others, dtype="str")) == ["9999"]
    assert find_shared_ids(pd.Series(["0"] * 3 + others, dtype="str")) == []  # as many as others have
    assert (
        find_shared_ids(pd.Series(["17"] * 40 + others, dtype="str")) == []
    )  # a patient of many photographs
