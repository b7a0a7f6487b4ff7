"""Words whose meaning as negative or positive is known, in the languages of likely tables.

English, German, French, Spanish, Italian and Portuguese. A word that is not here is never guessed.
"""

import re
from collections.abc import Sequence

from automl_skin.data.headers import normal_name, part_words
from automl_skin.data.spelling import spelling_key

_PAIRS: tuple[tuple[str, str], ...] = (
    (
        "0 false falsch faux falso falsa",
        "1 true wahr vrai verdadero vero verdadeiro verdadera vera verdadeira",
    ),
    ("no n nein non não nao", "yes y ja j oui sí si sì sim"),
    (
        "benign benigne bénin benin bénigne benigno benigna gutartig",
        "malignant malign maligne malin maligno maligna bösartig boesartig",
    ),
    (
        "negative neg negativ négatif negatif négative negativo negativa",
        "positive pos positiv positif positivo positiva",
    ),
    ("absent abwesend ausente assente", "present vorhanden présent presente"),
    ("nevus naevus nv nev", "melanoma melanom mélanome melanome mel"),
)
"""Opposites, the negative words first. Only words of one line are each other's opposites."""

_TICKS = 2
"""The first pairs say whether something is so; the others say what a lesion is."""

_MEANINGS: dict[str, tuple[int, bool]] = {
    spelling_key(word): (pair, side)
    for pair, words in enumerate(_PAIRS)
    for side, listed in zip((False, True), words, strict=True)
    for word in listed.split()
}


# Parts of a column's name by which 1 or yes is the harmless class: is_benign, nicht_maligne, gesund.
_OF_NEGATIVES = re.compile(
    r"(^|_)(benigne?|benine?|benign[oa]|gutartige?s?|harmless|harmlos|healthy|gesund|saine?|san[oa]|saudavel|normal"
    r"|unauff(a|ae)llig|negative?|negatif|negativ[oa]|na?evus|nv|control|kontrolle|not?|non|nicht|keine?|ohne|without"
    r"|pas|sans|sin|senza|sem|nao|free|frei)($|_)"
)


def find_positive(first: str, second: str, column: str = "") -> str | None:
    """Return which of two values is the positive one, or ``None`` where the words do not say.

    Both must be known, as each other's opposites: of ``nein`` and ``normal`` nobody knows which is meant. Nor does
    anybody know of 0 and 1, no and yes, false and true where the column is named after the negative class.

    Examples
    --------
    >>> find_positive("Nein", "ja")
    'ja'
    >>> find_positive("1", "2") is None, find_positive("0", "1", "is_benign") is None
    (True, True)
    """
    meanings = [_MEANINGS.get(spelling_key(value)) for value in (first, second)]
    if meanings[0] is None or meanings[1] is None:
        return None
    (pair, side), (other_pair, other_side) = meanings[0], meanings[1]
    turned = pair < _TICKS and _OF_NEGATIVES.search(normal_name(part_words(column))) is not None
    if pair != other_pair or side == other_side or turned:
        return None
    return first if side else second


def read_ticks(values: Sequence[str]) -> dict[str, bool] | None:
    """Return whether each value ticks a box (1, true, yes) or not (0, false, no); ``None`` if one does neither."""
    ticks = {}
    for value in values:
        pair, side = _MEANINGS.get(spelling_key(value), (_TICKS, False))
        if pair >= _TICKS:
            return None
        ticks[value] = side
    return ticks
