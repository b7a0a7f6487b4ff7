"""The manifest: what a table and an image folder were understood to say."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pandas as pd

from automl_skin.data.roles import Remark, Roles
from automl_skin.data.target import Target

Kind = Literal["number", "category"]


@dataclass(frozen=True)
class ManifestOptions:
    """What the user said about a table; everything else is recognised.

    Parameters
    ----------
    target : str or None
        Column of the diagnosis; ``None`` for a table to be scored.
    positive : tuple of str
        Values of the target that are positive.
    group : tuple of str
        Further group columns, added to the recognised ones.
    roles : mapping of str to str
        Explicit columns by role name (`SINGLE_ROLES`).
    metadata : tuple of str or None
        The metadata columns; ``None`` to recognise them.
    ignore : tuple of str
        Columns that are never metadata.
    allow_missing : bool
        Whether a table none of whose images is found is accepted.
    kinds : mapping of str to {"number", "category"} or None
        Metadata columns and kinds of a trained model: absent columns become all missing. ``None`` to recognise them.
    """

    target: str | None = None
    positive: tuple[str, ...] = ()
    group: tuple[str, ...] = ()
    roles: Mapping[str, str] = field(default_factory=dict)
    metadata: tuple[str, ...] | None = None
    ignore: tuple[str, ...] = ()
    allow_missing: bool = False
    kinds: Mapping[str, Kind] | None = None


@dataclass(frozen=True)
class Manifest:
    """Cases, their images and their metadata.

    Parameters
    ----------
    cases : DataFrame of n_cases rows
        Index ``case`` (str); columns ``label`` (int, -1 where there is none), ``diagnosis`` (the full value),
        ``patient``, ``lesion``, ``source`` and ``group_<column>`` for each further group column; ids may be NA.
    images : DataFrame of n_images rows
        Columns ``case``, ``role``, ``path`` (posix, relative to `images_root`; NA where missing),
        ``status`` ("found" or "missing") and ``given`` (what the table says), in the order of the cases.
    metadata : DataFrame of n_cases rows
        Index ``case``; numbers are float64 with NaN, categories str with NA.
    target : Target or None
        ``None`` for a table to be scored.
    roles : Roles
        What each column is for.
    images_root : Path
        The image folder.
    kinds : mapping of str to {"number", "category"}
        For each metadata column.
    findings : tuple of Remark
        What a person should know: impossible numbers, missing images, contradictions.
    others : DataFrame of n_cases rows
        Index ``case``; the ignored columns, which may give the label away: for audit and subgroups alone.
    """

    cases: pd.DataFrame
    images: pd.DataFrame
    metadata: pd.DataFrame
    target: Target | None
    roles: Roles
    images_root: Path
    kinds: Mapping[str, Kind]
    findings: tuple[Remark, ...] = ()
    others: pd.DataFrame = field(default_factory=pd.DataFrame)
