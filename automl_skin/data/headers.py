"""What columns are called: headers in English, German, French, Spanish, Italian and Portuguese."""

import re
import unicodedata


def plain_text(text: str) -> str:
    """Return text in lower case without accents, with single blanks.

    Examples
    --------
    >>> plain_text("  Läsion  GRÖSSE "), plain_text("Größe"), plain_text("não\u00a0sabe")
    ('lasion grosse', 'grosse', 'nao sabe')
    """
    letters = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return " ".join(bare.split())


def normal_name(column: str) -> str:
    """Return a column name in lower case without accents and with single underscores.

    Examples
    --------
    >>> normal_name(" Patient-ID "), normal_name("Läsion Nr."), normal_name("Âge"), normal_name("N° patient")
    ('patient_id', 'lasion_nr', 'age', 'no_patient')
    """
    plain = plain_text(re.sub(r"\b[Nn][°º]", "no ", column))
    return re.sub(r"[^a-z0-9]+", "_", plain).strip("_")


_AGE = r"age|alter|lebensalter|patientenalter|edad|eta|idade"
_OTHER_UNIT = r"months?|monate?n?|mois|mes(es)?|mesi|days?|tage?n?|jours?|dias?|giorni|weeks?|wochen?"
_QUANTITY = (
    r"mm2?|cm2?|kg|px|pixels?|area|flache|flaeche|superficie|surface|size|groesse|grosse|taille|tamano|tamanho|dimensione"
    r"|counts?|anzahl|nombre|numero_d.*|number_of.*|num_of.*|n_.*|no_of.*|diam.*|durchmesser|weight|gewicht|poids|peso"
    r"|height|width|length|volume|score|index|bmi|years?|jahre?|annees?|anos?|anni|anno|days|months|ratio|perimeter"
)
_DATE = r"date|datum|fecha|data|dates|day|tag|time|timestamp|datetime|zeit|zeitpunkt|dob|geburtsdatum|geboren"


def means_age(column: str) -> bool:
    """Whether a column is named like an age in years, in one of the six languages."""
    name = normal_name(column)
    in_years = re.search(rf"(^|_)({_OTHER_UNIT})($|_)", name) is None
    return in_years and re.search(rf"(^|_)({_AGE})(s|\d*)($|_)", name) is not None


def means_date(column: str) -> bool:
    """Whether a column is named like a date or a time."""
    name = normal_name(part_words(column))
    joined = r"[a-z]+(datum|zeitpunkt)|(visit|birth|exam|scan|photo)date"
    return re.search(rf"(^|_)({_DATE}|{joined})($|_)", name) is not None


def means_quantity(column: str) -> bool:
    """Whether a column is named like something measured or counted.

    Examples
    --------
    >>> [means_quantity(name) for name in ("lesion area", "n_naevi", "diameter_mm", "PatientenNr")]
    [True, True, True, False]
    """
    return re.search(rf"(^|_)({_QUANTITY})($|_)", normal_name(part_words(column))) is not None


def part_words(column: str) -> str:
    """Return a name whose words, joined with capitals, are parted."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", column)
