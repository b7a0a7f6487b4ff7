"""Whether two values of a column are one word, written in two ways."""

import unicodedata
from collections.abc import Iterable

_TRUTH = {"true": "1", "false": "0"}


def spelling_key(value: str) -> str:
    """Return what is left of a value without case, blanks, invisible characters and Unicode form.

    Numbers are equal when their sizes are, and ``true`` and ``false`` are 1 and 0.

    Examples
    --------
    >>> spelling_key(" Malignant ") == spelling_key("malignant")
    True
    >>> spelling_key("True") == spelling_key("1.0") == spelling_key("01")
    True
    """
    normal = unicodedata.normalize("NFKC", value)
    visible = "".join(letter for letter in normal if unicodedata.category(letter) != "Cf")
    word = unicodedata.normalize("NFKC", " ".join(visible.split()).casefold())
    word = _TRUTH.get(word, word)
    try:
        return repr(float(word)) if word.isascii() else word
    except ValueError:
        return word


def find_spellings(values: Iterable[str]) -> list[tuple[str, ...]]:
    """Return the groups of values that are one word written in several ways, each sorted."""
    groups: dict[str, set[str]] = {}
    for value in values:
        groups.setdefault(spelling_key(value), set()).add(value)
    return [tuple(sorted(group)) for group in groups.values() if len(group) > 1]
