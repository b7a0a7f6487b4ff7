"""The roles of columns, one table: what each is called in six languages, which values it takes, what it makes of cases.

To add a role is to add an entry to `ROLES` and a field to `Roles`. A setting of a study called ``<role>_column`` lets a
user name its column.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd

from automl_skin.data.headers import normal_name, part_words
from automl_skin.data.photograph_fields import SEPARATOR
from automl_skin.data.role_values import (
    why_no_case,
    why_no_id,
    why_no_image,
    why_no_photograph_kind,
    why_no_source,
    why_words,
)
from automl_skin.data.role_words import CASE, FILE, IMAGE, LESION, PERSON, SOURCE, split_words, with_number
from automl_skin.data.table import id_text


@dataclass(frozen=True)
class Role:
    """What a column may be for. A user may set it by name; the target has an option of its own.

    Parameters
    ----------
    name : str
        The field of `Roles`.
    strict : tuple of str
        Normal names (`normal_name`) of columns that say that it is meant, the most telling first.
    weak : tuple of str
        Normal names that may also mean something else, so that the values have to confirm it.
    test : callable
        Given the column as `id_text`, returns why its values do not fit, or None.
    weak_test : callable or None
        The same, asked further of a column with a weak name.
    of_cases : bool
        Whether cases may share its values, so that it is a column of the table of cases.
    ties : bool
        Whether cases that share a value are kept together.
    never_metadata : bool
        Whether a column of such a name is kept from the model also where its values do not fit.
    served : bool
        Whether the column is looked for in a table that is to be scored.
    """

    name: str
    strict: tuple[str, ...]
    weak: tuple[str, ...]
    test: "Callable[[pd.Series[str]], str | None]"
    weak_test: "Callable[[pd.Series[str]], str | None] | None" = None
    of_cases: bool = False
    ties: bool = False
    never_metadata: bool = False
    served: bool = True

    @property
    def names(self) -> tuple[str, ...]:
        """All normal names, the most telling first."""
        return tuple(dict.fromkeys((*self.strict, *self.weak)))

    @property
    def words(self) -> str:
        """What messages call the column."""
        return f"{self.name.replace('_', ' ')} column"

    @property
    def option(self) -> str:
        """The command-line option that sets it."""
        return f"--{self.name.replace('_', '-')}-column"

    def why_not(self, values: "pd.Series[Any]") -> str | None:
        """Return why a column that is named like the role cannot have it, or None.

        Examples
        --------
        >>> ROLES["case"].why_not(pd.Series(["a", None], name="case_id"))
        'it is empty in row 2'
        >>> ROLES["source"].why_not(pd.Series(["a", "b"], name="hospital")) is None
        True
        """
        text = id_text(values)
        if text.isna().all():
            return "it is empty"
        why = self.test(text)
        if why is not None or self.weak_test is None or normal_name(str(values.name)) not in self.weak:
            return why
        return self.weak_test(text)


_TABLE = (
    Role("case", with_number(CASE), CASE, why_no_case, never_metadata=True),
    Role(
        "image",
        (
            *[
                "image_id",
                "img_id",
                "isic_id",
                "image_name",
                "image_path",
                "image_file",
                "image",
                "img",
                "filename",
                "file_name",
                "filepath",
            ],
            *[
                "file_path",
                "imageid",
                "bilddatei",
                "bildname",
                "dateiname",
                "nom_image",
                "nom_fichier",
                "nom_du_fichier",
            ],
            *[
                "nombre_archivo",
                "nombre_imagen",
                "nome_arquivo",
                "nome_ficheiro",
                "nome_file",
                "nome_imagem",
                "nome_immagine",
            ],
            *split_words("dateipfad bildpfad"),
            *with_number(IMAGE),
        ),
        (*FILE, *IMAGE[2:], "id"),
        why_no_image,
    ),
    Role(
        "image_role",
        (
            *[
                "image_role",
                "photo_role",
                "bildart",
                "bildtyp",
                "aufnahmeart",
                "type_image",
                "type_d_image",
                "type_photo",
            ],
            *split_words("tipo_imagen tipo_de_imagen tipo_imagem tipo_de_imagem tipo_immagine tipo_foto"),
        ),
        ("role", "view", "ansicht", "vue", "vista", "rolle"),
        why_no_photograph_kind,
    ),
    Role(
        "patient",
        (
            *[
                "patient_id",
                "patientid",
                "pid",
                "subject_id",
                "mrn",
                "medical_record_number",
                "hospital_number",
                "nhs_number",
                "nip",
                "ipp",
            ],
            *[
                "krankenaktennummer",
                "historia_clinica",
                "numero_de_historia_clinica",
                "prontuario",
                "cartella_clinica",
            ],
            *with_number(PERSON),
        ),
        (*PERSON, "patients", "pacientes"),
        why_no_id,
        why_words,
        of_cases=True,
        ties=True,
    ),
    Role(
        "lesion",
        ("lesion_id", "lesionid", *with_number(LESION)),
        LESION,
        why_no_id,
        why_words,
        of_cases=True,
        ties=True,
    ),
    Role(
        "source",
        with_number(SOURCE),
        SOURCE,
        why_no_source,
        of_cases=True,
        never_metadata=True,
        served=False,
    ),
)
ROLES: Mapping[str, Role] = {role.name: role for role in _TABLE}

_NUMBERED_ROLES = ("case", "patient", "lesion")
_ID_WORDS = (
    r"id|ids|uid|uuid|guid|mrn|nr|nummer|numero|kennung|identifiant|identificador|identificativo|identifier"
    r"|record(_(number|no|nr|num|key))?|accession(_(number|no|nr))?|barcode|aktenzeichen|prontuario"
    r"|[a-z]{3,}(nummer|kennung)|[a-z]{4,}nr"
    r"|nhc|nh|nss|ssn|dni|nif|nie|nip|niss|cpf|cns|ahv|historia(_clinica)?|expediente|dossier|ipp"
    r"|(codice_)?fiscale?|e?_?mail|telefon|telefono|telephone|phone"
)


def means_id(column: str) -> bool:
    """Whether a column is named like the number of a person, a lesion, a record or a file.

    Examples
    --------
    >>> [means_id(name) for name in ("PatientenNr", "record_id", "studyID", "number_of_naevi", "humid")]
    [True, True, True, False, False]
    """
    names = {normal_name(column), parted := normal_name(part_words(column))}
    strict = any(names & set(ROLES[role].strict) for role in _NUMBERED_ROLES)
    return strict or re.search(rf"(^|_)({_ID_WORDS})$", parted) is not None


@dataclass(frozen=True)
class Remark:
    """Something that a person should know about one column of the table.

    Parameters
    ----------
    column : str
        The column, or ``"images"`` for what concerns the image folder.
    text : str
        What was found and what was done about it.
    """

    column: str
    text: str


@dataclass(frozen=True)
class TruthSet:
    """A set of 0/1 columns of which one is 1 in each row, and that says what the target is.

    Parameters
    ----------
    columns : tuple of str
        In the order of the table.
    reason : str
        Why they are kept from the model, in words.
    """

    columns: tuple[str, ...]
    reason: str


@dataclass(frozen=True)
class Roles:
    """Names of the columns by what they are for; None where the table has no such column.

    Parameters
    ----------
    image : str
        Image id or path; empty where no photographs are given and no column names them.
    case : str or None
        What gets one score; None where each image is a case of its own.
    image_role : str or None
        What kind of photograph a row is (dermoscopic, close-up) where a case has several.
    patient, lesion, source : str or None
        Ids that make groups, and the collection or hospital.
    target : str or None
        The diagnosis; None in a table to be scored.
    groups : tuple of str
        Further columns whose equal values belong together (``--group``).
    metadata : tuple of str
        Columns that a model may use.
    ignored : tuple of str
        All other columns.
    table : str or None
        Name of the known table that was recognised.
    reasons : mapping of str to str
        For each column in words why it has its role.
    truth : tuple of str
        0/1 columns that are the target in one column per class (`find_truth_sets`); never metadata.
    doubts : mapping of str to str
        What a person should know of columns that have no role although their names or values speak for one.
    of_photographs : tuple of str
        Columns of metadata that enter once per kind of photograph (`automl_skin.data.photograph_fields`).
    """

    image: str
    case: str | None = None
    image_role: str | None = None
    patient: str | None = None
    lesion: str | None = None
    source: str | None = None
    target: str | None = None
    groups: tuple[str, ...] = ()
    metadata: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    table: str | None = None
    reasons: Mapping[str, str] = field(default_factory=dict)
    truth: tuple[str, ...] = ()
    doubts: Mapping[str, str] = field(default_factory=dict)
    of_photographs: tuple[str, ...] = ()

    def with_truth(self, sets: Iterable[TruthSet]) -> "Roles":
        """Return the roles with the columns that say what the target is in one column per class."""
        why: dict[str, str] = {}
        for each in sets:
            for name in each.columns:
                if name != self.target:
                    why.setdefault(name, each.reason)
        return replace(self, truth=tuple(why), reasons={**self.reasons, **why})

    def column_of(self, field_name: str) -> str:
        """Return the column of the table that a field of the metadata stands in."""
        column, _, _ = field_name.rpartition(SEPARATOR)
        return column if column in self.of_photographs else field_name

    @property
    def by_role(self) -> dict[str, str | None]:
        """Role -> its column, or None."""
        return {role: getattr(self, role) for role in ROLES}

    @property
    def served(self) -> dict[str, str]:
        """Role -> its column, of the roles that scoring looks for."""
        return {name: column for name, column in self.by_role.items() if column and ROLES[name].served}

    @property
    def taken(self) -> dict[str, str]:
        """Column -> what it is taken for, in words; metadata and ignored columns are not taken."""
        taken = dict.fromkeys(self.groups, "a group column")
        taken |= {column: f"the {ROLES[role].words}" for role, column in self.by_role.items() if column}
        taken |= {} if self.target is None else {self.target: "the target column"}
        return taken | dict.fromkeys(self.truth, "the target in one column per class")

    @property
    def case_columns(self) -> dict[str, str]:
        """Name in the table of cases -> column of ids that cases may share."""
        named = {name: column for name, column in self.by_role.items() if column and ROLES[name].of_cases}
        return {**named, **{f"group_{column}": column for column in self.groups}}

    @property
    def group_columns(self) -> tuple[str, ...]:
        """All columns whose equal values belong together: patient, lesion and the further ones."""
        return tuple(column for name, column in self.case_columns.items() if ties_cases(name))


def ties_cases(name: str) -> bool:
    """Whether cases with one value in a column of the table of cases (`Roles.case_columns`) are kept together."""
    return ROLES[name].ties if name in ROLES else name.startswith("group_")
