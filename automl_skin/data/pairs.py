"""Whether several rows are photographs of one case: a lesion of which each kind of photograph was taken once.

A lesion photographed twice in the same way is two cases of one group, as in HAM10000. One with a close-up and a
dermoscopic photograph is one case with two photographs, as in MILK10k. What repeats decides: no lesion has two
photographs of one kind, and most have several.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from automl_skin.data.headers import normal_name
from automl_skin.data.image_rows import image_roles
from automl_skin.data.roles import ROLES
from automl_skin.data.table import id_text

KIND_NAMES = ("image_type",)
"""Normal names of columns that say the kind of photograph where a lesion has one of each, and else say nothing."""

MIN_PAIRED = 0.5
"""Share of the lesions that have several photographs, in a table that is not known to hold pairs."""


@dataclass(frozen=True)
class Pairs:
    """Columns by which rows are photographs of cases.

    Parameters
    ----------
    case, kind : str
        Column of what gets one score, and of the kind of photograph.
    reason : str
        What repeats, in words.
    """

    case: str
    kind: str
    reason: str


def find_pairs(
    table: pd.DataFrame, case: str | None, kinds: Sequence[str], *, known: bool = False
) -> tuple[Pairs | None, str]:
    """Return by which columns the photographs of a lesion are one case, and else why not, if anything is to be said.

    Parameters
    ----------
    case : str or None
        The column of the lesion, which becomes the case.
    kinds : sequence of str
        Columns that may say the kind of photograph.
    known : bool
        Whether the table is published as one of pairs, so that few of them are enough.
    """
    if case is None or ROLES["case"].why_not(table[case]) is not None:
        return None, ""
    ids = id_text(table[case])
    several = ids.groupby(ids).size().gt(1)
    for column in kinds:
        if column == case or ROLES["image_role"].why_not(table[column]) is not None:
            continue
        kind = image_roles(table[column])
        twice = pd.DataFrame({"case": ids, "kind": kind}).duplicated()
        if len(set(kind)) == 1 or not several.any():
            continue
        if twice.any():
            n_twice = int(ids[twice].nunique())
            return None, (
                f"{n_twice:,} of {len(several):,} have several photographs of one kind (column {column!r}): each "
                f"photograph is a case; if all photographs of one {case!r} are one, give {ROLES['case'].option} {case}"
            )
        if known or several.mean() >= MIN_PAIRED:
            n_several = f"{int(several.sum()):,} of {len(several):,}"
            reason = f"the case: {n_several} have several photographs, each of another kind"
            return Pairs(case, column, reason), ""
    return None, ""


def kind_columns(table: pd.DataFrame) -> list[str]:
    """Return the columns whose names speak for the kind of photograph."""
    names = (*ROLES["image_role"].strict, *KIND_NAMES)
    by_name = {normal_name(str(column)): str(column) for column in reversed(table.columns)}
    return [by_name[name] for name in names if name in by_name]
