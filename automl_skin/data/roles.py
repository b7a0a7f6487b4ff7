"""What each column of a table is for, and why it was taken for that."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

SINGLE_ROLES = ("case", "image", "image_role", "patient", "lesion", "source")
"""Roles that one column has and that a user may set by name (the target has an option of its own)."""


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
    """Names of the columns by what they are for; ``None`` where the table has no such column.

    Parameters
    ----------
    image : str
        Image id or path.
    case : str or None
        What gets one score; ``None`` where each image is a case of its own.
    image_role : str or None
        What kind of photograph a row is (dermoscopic, close-up) where a case has several.
    target : str or None
        The diagnosis; ``None`` in a table to be scored.
    patient, lesion, source : str or None
        Ids that make groups, and the collection or hospital.
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
    """

    image: str
    case: str | None = None
    image_role: str | None = None
    target: str | None = None
    patient: str | None = None
    lesion: str | None = None
    source: str | None = None
    groups: tuple[str, ...] = ()
    metadata: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    table: str | None = None
    reasons: Mapping[str, str] = field(default_factory=dict)
    truth: tuple[str, ...] = ()
    doubts: Mapping[str, str] = field(default_factory=dict)

    def with_truth(self, sets: Iterable[TruthSet]) -> "Roles":
        """Return the roles with the columns that say what the target is in one column per class."""
        why: dict[str, str] = {}
        for each in sets:
            why |= dict.fromkeys(
                [name for name in each.columns if name not in {self.target, *why}], each.reason
            )
        return replace(self, truth=tuple(why), reasons={**self.reasons, **why})

    @property
    def group_columns(self) -> tuple[str, ...]:
        """All columns whose equal values belong together: patient, lesion and the further ones."""
        named = tuple(column for column in (self.patient, self.lesion) if column is not None)
        return (*named, *self.groups)
