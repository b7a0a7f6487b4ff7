"""What each column of a table is for, and why it was taken for that."""

from collections.abc import Mapping
from dataclasses import dataclass, field

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

    @property
    def group_columns(self) -> tuple[str, ...]:
        """All columns whose equal values belong together: patient, lesion and the further ones."""
        named = tuple(column for column in (self.patient, self.lesion) if column is not None)
        return (*named, *self.groups)
