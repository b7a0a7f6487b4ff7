"""What columns are called: headers in English, German, French, Spanish, Italian and Portuguese."""

import re
import unicodedata
from collections.abc import Iterable, Mapping

_PERSON = (
    *("patient", "subject", "pat", "patienten", "patientin", "proband", "probanden"),  # English, German
    *("patiente", "sujet", "paciente", "sujeto", "paziente", "soggetto", "doente", "utente"),
)
_LESION = ("lesion", "lasion", "laesion", "lasions", "laesions", "lesione", "lesao")
_CASE = ("case", "fall", "cas", "caso")
_IMAGE = (
    *("image", "img", "picture", "photo", "photograph", "bild", "foto", "aufnahme"),
    *("imagen", "fotografia", "immagine", "imagem", "photographie"),
)
_FILE = (
    *("file", "datei", "bilddatei", "fichier", "archivo", "fichero", "arquivo", "ficheiro", "file_immagine"),
    *("archivo_imagen", "fichier_image", "arquivo_imagem"),
)
_NUMBER = (
    *("id", "nr", "no", "num", "number", "code", "key", "uid", "guid", "uuid"),
    *("nummer", "kennung", "kennzeichen", "schlussel", "schluessel"),
    *("numero", "identifiant", "identificador", "identificativo", "codigo", "codice", "ident", "identifier"),
)
_SOURCE = (
    *("source", "hospital", "centre", "center", "institution", "clinic", "collection", "dataset"),
    *("quelle", "klinik", "krankenhaus", "zentrum", "einrichtung", "sammlung"),
    *("hopital", "clinique", "etablissement", "fuente", "centro", "clinica", "coleccion", "institucion"),
    *("fonte", "ospedale", "collezione", "istituto", "instituicao", "colecao"),
)
_OF = ("", "de", "del", "du", "da", "do", "dell", "della", "de_la", "di")


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


def _numbered(words: Iterable[str]) -> tuple[str, ...]:
    """Return words with each way to say that their number is meant, before or after, joined or not."""
    return tuple(
        dict.fromkeys(
            name
            for number in _NUMBER
            for word in words
            for name in (
                *(f"{word}_{number}", f"{word}{number}"),
                *("_".join(filter(None, (number, of, word))) for of in _OF),
            )
        )
    )


STRICT_NAMES: Mapping[str, tuple[str, ...]] = {
    "image": (
        *("image_id", "img_id", "isic_id", "image_name", "image_path", "image_file", "image", "img"),
        *("filename", "file_name", "filepath", "file_path", "imageid", "bilddatei", "bildname", "dateiname"),
        *("nom_image", "nom_fichier", "nom_du_fichier", "nombre_archivo", "nombre_imagen", "nome_arquivo"),
        *("nome_ficheiro", "nome_file", "nome_imagem", "nome_immagine", "dateipfad", "bildpfad"),
        *_numbered(_IMAGE),
    ),
    "case": (*_numbered(_CASE),),
    "image_role": (
        *(
            "image_role",
            "photo_role",
            "bildart",
            "bildtyp",
            "aufnahmeart",
            "type_image",
            "type_d_image",
            "type_photo",
        ),
        *("tipo_imagen", "tipo_de_imagen", "tipo_imagem", "tipo_de_imagem", "tipo_immagine", "tipo_foto"),
    ),
    "patient": (
        *("patient_id", "patientid", "pid", "subject_id"),
        *("mrn", "medical_record_number", "hospital_number", "nhs_number", "nip", "ipp"),
        *(
            "krankenaktennummer",
            "historia_clinica",
            "numero_de_historia_clinica",
            "prontuario",
            "cartella_clinica",
        ),
        *_numbered(_PERSON),
    ),
    "lesion": ("lesion_id", "lesionid", *_numbered(_LESION)),
    "source": _numbered(_SOURCE),
}
"""Normal names of columns that say that an id is meant, the most telling first."""

WEAK_NAMES: Mapping[str, tuple[str, ...]] = {
    "image": (*_FILE, "path", "pfad", "chemin", "ruta", "percorso", "caminho", *_IMAGE[2:], "id"),
    "case": _CASE,
    "image_role": ("role", "view", "ansicht", "vue", "vista", "rolle"),
    "patient": (*_PERSON, "patients", "pacientes"),
    "lesion": _LESION,
    "source": _SOURCE,
}
"""Normal names of columns that may also mean something else, so that their values have to confirm it."""

USUAL_NAMES: Mapping[str, tuple[str, ...]] = {
    role: tuple(dict.fromkeys((*STRICT_NAMES[role], *WEAK_NAMES[role]))) for role in STRICT_NAMES
}
"""All normal names by role, the most telling first."""

_NUMBERED_ROLES = ("case", "patient", "lesion")
_AGE = r"age|alter|lebensalter|patientenalter|edad|eta|idade"
_OTHER_UNIT = r"months?|monate?n?|mois|mes(es)?|mesi|days?|tage?n?|jours?|dias?|giorni|weeks?|wochen?"
_ID_WORDS = (
    r"id|ids|uid|uuid|guid|mrn|nr|nummer|numero|kennung|identifiant|identificador|identificativo|identifier"
    r"|record(_(number|no|nr|num|key))?|accession(_(number|no|nr))?|barcode|aktenzeichen|prontuario"
    r"|[a-z]{3,}(nummer|kennung)|[a-z]{4,}nr"
    r"|nhc|nh|nss|ssn|dni|nif|nie|nip|niss|cpf|cns|ahv|historia(_clinica)?|expediente|dossier|ipp"
    r"|(codice_)?fiscale?|e?_?mail|telefon|telefono|telephone|phone"
)
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


def means_id(column: str) -> bool:
    """Whether a column is named like the number of a person, a lesion, a record or a file.

    Examples
    --------
    >>> [means_id(name) for name in ("PatientenNr", "record_id", "studyID", "number_of_naevi", "humid")]
    [True, True, True, False, False]
    """
    name, parted = normal_name(column), normal_name(part_words(column))
    strict = any(name in STRICT_NAMES[role] or parted in STRICT_NAMES[role] for role in _NUMBERED_ROLES)
    return strict or re.search(rf"(^|_)({_ID_WORDS})$", parted) is not None


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
