"""What stands for a missing value: words in six languages, and numbers that cannot be measurements.

Words have a fixed rule, so that a cell means the same in training and in scoring, alone and in a table. Numbers
(-1, 99, -999) are codes only beside the other values of their column: `find_codes` decides it on the training
table, and what it found is kept with the model.
"""

import re
from typing import Any

import numpy as np
import pandas as pd

from automl_skin.data.headers import plain_text

MISSING_WORDS = frozenset(
    re.split(
        r",\s+",
        r"""
unknown, unk, na, nan, nat, n/a, none, null, missing, missing value, not known, not available, not recorded,
not reported, not given, not stated, not specified, not documented, not collected, not assessed, not asked,
not determined, not provided, not applicable, not entered, not answered, unspecified, unrecorded,
undocumented, no data, no information, no answer, no record, not on record, undisclosed, unavailable,
do not know, don't know, prefer not to say, declined to answer, refused to answer, blank, n/k, n/r, n/d, n/c,
#n/a, #nv, #value!, #ref!, #div/0!, #name?, #num!, #null!, #wert!, #bezug!, #n/d, \n, unbekannt,
nicht bekannt, keine angabe, keine angaben, keine daten, keine information, nicht gefragt, nicht abgefragt,
keine informationen, nicht angegeben, nicht erfasst, nicht erhoben, nicht dokumentiert, nicht verfugbar,
nicht verfuegbar, nicht erfragt, nicht zutreffend, ohne angabe, fehlt, fehlend, fehlender wert, weiss nicht,
weiss ich nicht, unklar/unbekannt, inconnu, inconnue, non connu, non connue, non renseigne, non renseignee,
non disponible, non precise, non precisee, non specifie, non specifiee, non indique, non indiquee,
non documente, non documentee, non applicable, manquant, manquante, donnee manquante, sans information,
pas de donnees, ne sait pas, desconocido, desconocida, no conocido, no conocida, no disponible, no consta,
no registrado, no registrada, no especificado, no especificada, no informado, no informada, no aplica,
no indicado, no indicada, sin datos, sin dato, sin informacion, no sabe, ns/nc, s/d, faltante, sconosciuto,
sconosciuta, ignoto, ignota, non noto, non nota, non disponibile, non riportato, non riportata,
non specificato, non specificata, non indicato, non indicata, non registrato, non registrata, non applicabile,
mancante, dato mancante, nessun dato, nessuna informazione, non so, desconhecido, desconhecida, ignorado,
ignorada, nao informado, nao informada, nao disponivel, nao registrado, nao registrada, nao especificado,
nao especificada, nao conhecido, nao conhecida, nao se aplica, nao sabe, sem informacao, sem dados,
nao consta, nao indicado, nao indicada, em falta, omisso, nao perguntado, nao perguntada, no preguntado,
no preguntada, non demande, non demandee, non chiesto, non chiesta, anonym, anonymous, anonymised, anonymized,
anonymisiert, anonyme, anonimo, anonima
""".strip(),
    )
) | {""}
"""Whole cells that stand for a missing value, as `plain_text` writes them."""

_ABBREVIATIONS = frozenset({"n.a", "n.d", "n.k", "n.r", "n.b", "k.a", "o.a", "n.c", "s.d", "unk", "unkn"})
_MARKS = re.compile(r"[-\u2010-\u2015\u2212.?*#/\\\u2026\u00b7~]+")  # dashes of all lengths among them
_MAX_LENGTH = 32
_DIGIT = re.compile(r"\d")
_BRACKETS = re.compile(r"[<(\[{]\s*(.*?)\s*[>)\]}]")

_NINES = r"9+(?:\.9+)?|9+[78]|8{2,}|7{2,}"
_NEGATIVE_CODE = re.compile(rf"-(?:1|[789]|{_NINES})")
_POSITIVE_CODE = re.compile(_NINES)
_FAR, _VERY_FAR = 3.0, 10.0
_LONG_CODE = 3  # 999 and longer are hardly ever counted
_FEW_DIGITS = 2
_REPEATED = 5
_SCALE = 4  # 9 is a code beside 1 to 4
_SHARED_CODE = re.compile(r"-1|0+|-?9{2,}")
_SHARED_ROWS, _SHARED_TIMES = 10, 5


def is_missing_word(text: str) -> bool:
    """Whether a cell says that its value is missing.

    Examples
    --------
    >>> [is_missing_word(text) for text in ("not recorded", "N.A.", "k. A.", "--", "?", "(Unbekannt)", "no", "+")]
    [True, True, True, True, True, True, False, False]
    """
    plain = plain_text(text.replace("_", " "))
    if not plain or _MARKS.fullmatch(plain.replace(" ", "")):
        return True
    bracketed = _BRACKETS.fullmatch(plain)
    plain = bracketed[1] if bracketed else plain
    if plain in MISSING_WORDS:
        return True
    short = plain.replace(" ", "").rstrip(".")
    return short in _ABBREVIATIONS or plain.rstrip(".!") in MISSING_WORDS


def missing_words(text: "pd.Series[str]") -> "pd.Series[bool]":
    """Return which cells say that their value is missing, shape (n_rows,); NA is not counted."""
    short = (word for word in text.dropna().unique() if len(word) <= _MAX_LENGTH)
    words = [
        word for word in short if (_DIGIT.search(word) is None or word[0] == "#") and is_missing_word(word)
    ]
    return text.isin(words)


def find_codes(numbers: "pd.Series[float]") -> tuple[float, ...]:
    """Return the numbers of a column that are codes for missing, in order.

    A number is a code if it is far from all others: -1, -9, -99, ... where no other number is negative; 9, 99,
    999, ... (and 88, 98, 77, 97, ... in the same places) beyond three times the largest of the others, if it is
    repeated, and beyond ten times if it stands in one row only; any whole number that is repeated five times and
    ten times as large as all others. A zero never is, nor is a single large value of another form.

    Parameters
    ----------
    numbers : Series of shape (n_rows,)
        NaN where there is none.

    Examples
    --------
    >>> find_codes(pd.Series([1, 2, 6, -1.0])), find_codes(pd.Series([4.0, 3.5, 7, -999]))
    ((-1.0,), (-999.0,))
    >>> find_codes(pd.Series([-2, -1, 0, 1.0])), find_codes(pd.Series([0, 3.5, 99])), find_codes(pd.Series([1, -1.0]))
    ((), (), ())
    """
    counts = numbers[np.isfinite(numbers)].value_counts().sort_index()
    values = np.asarray(counts.index, dtype=np.float64)
    named = np.array([_is_code(value) for value in values], dtype=np.bool_)
    found = {*_negative_codes(values, named), *_positive_codes(values, named, counts)}
    rest = values[~np.isin(values, list(found))]
    found |= set(_isolated(rest, counts))
    return tuple(sorted(map(float, found))) if len(found) < len(values) else ()


def find_shared_ids(ids: "pd.Series[str]") -> list[str]:
    """Return the ids that stand for an unknown person or lesion: 0, -1, 999 in many more rows than any other id.

    Taken for one person, its rows would be one group, and often the largest.

    Examples
    --------
    >>> find_shared_ids(pd.Series(["0"] * 12 + ["7", "7", "8"], dtype="str"))
    ['0']
    """
    counts = ids.value_counts()
    codes = [str(each) for each in counts.index if _SHARED_CODE.fullmatch(str(each))]
    usual = int(counts.drop(codes).max()) if len(codes) < len(counts) else 1
    return [code for code in codes if counts[code] >= max(_SHARED_ROWS, _SHARED_TIMES * usual)]


def find_code_words(text: "pd.Series[str]") -> tuple[float, ...]:
    """Return the numbers among words that are codes for missing: 999 beside female and male."""
    levels = text.dropna().unique()
    words = [level for level in levels if not re.search(r"\d", level)]
    numbers = [level for level in levels if _is_number_code(level)]
    if len(words) < _FEW_DIGITS or len(words) + len(numbers) < len(levels):
        return ()
    return tuple(sorted(float(number) for number in numbers))


def count_words(values: "pd.Series[Any]") -> list[tuple[str, int]]:
    """Return the words of a column that say that a value is missing, with their rows; empty cells are not counted."""
    text = values.astype("str").str.strip().mask(values.isna())
    counts = text[missing_words(text) & (text != "")].value_counts()
    return [(str(word), int(count)) for word, count in counts.items()]


def _is_code(value: float) -> bool:
    text = f"{value:.12g}"
    return (_NEGATIVE_CODE if value < 0 else _POSITIVE_CODE).fullmatch(text) is not None


def _is_number_code(level: str) -> bool:
    return re.fullmatch(r"-?\d+(\.\d+)?", level) is not None and _is_code(float(level))


def _negative_codes(values: Any, named: Any) -> list[float]:
    """Return the negative codes: all negative numbers are of their form, or far below the others."""
    negative, others = values[values < 0], values[values >= 0]
    candidates = values[named & (values < 0)]
    if len(candidates) == len(negative):
        few = len(others) < _FEW_DIGITS  # -1 and 1 may be the two values
        return [value for value in candidates if not few or (len(others) and value <= -_far_from(others))]
    rest = np.abs(values[~(named & (values < 0))]).max()
    return [value for value in candidates if value <= -max(99.0, _VERY_FAR * rest)]


def _far_from(others: Any) -> float:
    return max(9.0, _VERY_FAR * float(np.abs(others).max()))


def _positive_codes(values: Any, named: Any, counts: "pd.Series[int]") -> list[float]:
    """Return the positive codes: far above the others, and repeated where they are not very far."""
    plain = values[(values >= 0) & ~named]
    if len(plain) == 0:
        return []
    largest, whole = float(plain.max()), bool((plain == plain.round()).all())
    return [
        value
        for value in values[named & (values > max(largest, 0.0))]
        if value >= _FAR * largest and _is_believable(value, largest, int(counts[value]), plain, whole=whole)
    ]


def _is_believable(value: float, largest: float, count: int, plain: Any, *, whole: bool) -> bool:
    """Whether a number of the form of a code is one beside others up to `largest`."""
    digits = len(f"{value:.0f}")
    if digits >= _LONG_CODE and value >= _VERY_FAR * largest:
        return True
    if digits < _FEW_DIGITS:  # 9 beside 1, 2, 3
        return count > 1 and whole and len(plain) >= _FEW_DIGITS and largest <= _SCALE
    return count > 1 and (len(plain) >= _FEW_DIGITS or digits >= _LONG_CODE)


def _isolated(values: Any, counts: "pd.Series[int]") -> list[float]:
    """Return a whole number that is repeated and ten times as large as all the others."""
    if len(values) <= _FEW_DIGITS:
        return []
    by_size = values[np.argsort(np.abs(values))]
    last, rest = float(by_size[-1]), float(np.abs(by_size[:-1]).max())
    isolated = last.is_integer() and rest > 0 and abs(last) >= _VERY_FAR * rest and counts[last] >= _REPEATED
    return [last] if isolated else []
