"""One row per image: which case it belongs to, what it shows and where it lies."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from automl_skin.data.locate import ImageIndex
from automl_skin.data.missing import count_words, find_shared_ids
from automl_skin.data.roles import Remark, Roles, ties_cases
from automl_skin.data.table import canonical_text, id_text, name_rows
from automl_skin.errors import TableError

NO_ROLE = "image"
"""The kind of photograph of a row that names none."""

NOT_GIVEN = "not given"
"""Status of a photograph of a study without a folder of photographs: it has an id and no file."""


def photograph_ids(rows: pd.DataFrame, column: str) -> "pd.Series[str]":
    """Return the id of each row's photograph, by the row's place where no column says it."""
    if column:
        return id_text(rows[column])
    return pd.Series([name_rows([row]) for row in rows.index], index=rows.index, dtype="str")


def image_roles(values: "pd.Series[Any]") -> "pd.Series[str]":
    """Return kinds of photograph as they are called everywhere: lower case, words joined by dashes.

    They are parts of names of files, columns and flags.

    Examples
    --------
    >>> list(image_roles(pd.Series(["clinical: close-up", "Dermoscopic", None])))
    ['clinical-close-up', 'dermoscopic', 'image']
    """
    words = canonical_text(values).str.lower().str.replace(r"[^\w-]+", "-", regex=True).str.strip("-")
    return words.mask(words == "").fillna(NO_ROLE).astype("str")


def image_rows(rows: pd.DataFrame, roles: Roles, index: ImageIndex) -> pd.DataFrame:
    """Return one row per image, in the order of the table.

    Returns
    -------
    DataFrame of n_images rows
        The columns of `Manifest.images`.

    Raises
    ------
    TableError
        If an id is missing or an image stands in two rows.
    """
    given = photograph_ids(rows, roles.image)
    if roles.image:
        require_ids(rows, roles.image, "image")
    case = given if roles.case is None else require_ids(rows, roles.case, "case")
    path = index.locate(given) if index.is_folder else given
    role = pd.Series(NO_ROLE, index=rows.index, dtype="str")
    if roles.image_role is not None:
        role = image_roles(rows[roles.image_role])
    key = path.fillna(given)
    twice = key.duplicated(keep=False)
    if twice.any():
        first = key[twice].iloc[0]
        name = given[key == first].iloc[0]
        message = (
            f"expected each image in one row, got {key[twice].nunique():,} in several: {name!r} in "
            f"{name_rows(key.index[key == first])}; remove the other rows, or correct column {roles.image!r}"
        )
        raise TableError(message)
    found = "found" if index.is_folder else NOT_GIVEN
    status = path.isna().map({True: "missing", False: found}).astype("str")
    return pd.DataFrame({"case": case, "role": role, "path": path, "status": status, "given": given})


def require_ids(rows: pd.DataFrame, column: str, what: str) -> "pd.Series[str]":
    """Return a column of ids.

    Raises
    ------
    TableError
        If one is missing; the message names the rows.
    """
    ids = id_text(rows[column])
    if ids.isna().any():
        words = list(
            dict.fromkeys(filter(None, rows.loc[ids.isna(), column].dropna().astype("str").str.strip()))
        )
        shown, hint = ", ".join(map(repr, words[:3])), ""
        if words:
            hint = (
                f" ({shown} is a word for missing; rename the image, or write its file's extension as well)"
            )
        message = (
            f"column {column!r}: expected the id of its {what} in each row, got none in "
            f"{name_rows(ids.index[ids.isna()])}{hint}; fill them in, or leave these rows out"
        )
        raise TableError(message)
    return ids


def missing_images(images: pd.DataFrame, index: ImageIndex, *, allow: bool) -> tuple[Remark, ...]:
    """Return remarks on missing images, and on ids without leading zeros; where all are missing, something is wrong."""
    remarks = _padded(images, index)
    missing = images["path"].isna()
    if not missing.any():
        return remarks
    absent = images.loc[missing, "given"]
    given = ", ".join(absent.head(3))
    near = index.near_misses.summarise(absent)
    if missing.all() and not allow:
        files = ", ".join(index.paths[:3]) or "none"
        message = (
            f"expected the images of the table in {index.root}, got none of {len(images):,}: the table names {given}, "
            f"the folder holds {len(index.paths):,} images ({files}); "
            f"{'; '.join((*near, 'check --images and the image column'))}"
        )
        raise TableError(message)
    text = (
        f"{int(missing.sum()):,} of {len(images):,} images ({missing.mean():.1%}) are not in the image "
        f"folder: {given} ({name_rows(images.index[missing])})"
    )
    return (*remarks, Remark("images", text), *(Remark("images", line) for line in near))


def _padded(images: pd.DataFrame, index: ImageIndex) -> tuple[Remark, ...]:
    """Return a remark on the ids that lack the leading zeros of their files."""
    padded = index.lost_zeros(images["given"])
    if not padded:
        return ()
    value, path = next(iter(padded.items()))
    text = (
        f"{len(padded):,} ids lack the leading zeros of their files, which spreadsheets remove; each was matched "
        f"to the one file of its number ({value!r} to {path!r})"
    )
    return (Remark("images", text),)


def word_remarks(rows: pd.DataFrame, columns: Mapping[str, str]) -> tuple[Remark, ...]:
    """Return a remark on each column of ids with words for missing in it; `columns` are by what they name."""
    remarks = []
    for what, column in columns.items():
        words = count_words(rows[column])
        if ties_cases(what):
            ids = id_text(rows[column])
            words += [(each, int((ids == each).sum())) for each in find_shared_ids(ids)]
        if words:
            shown = ", ".join(repr(word) for word, _ in words[:3])
            rows_of = sum(count for _, count in words)
            note = (
                f"{rows_of:,} rows have {shown} instead of an id: they have no {what}, and each stands alone"
            )
            remarks.append(Remark(column, note))
    return tuple(remarks)
