"""One row an image: which case it belongs to, what it shows and where it lies."""

from typing import Any

import pandas as pd

from automl_skin.data.locate import ImageIndex
from automl_skin.data.roles import Remark, Roles
from automl_skin.data.table import canonical_text, name_rows
from automl_skin.errors import TableError

NO_ROLE = "image"
"""The kind of photograph of a row that names none."""


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
    """Return one row an image, in the order of the table.

    Returns
    -------
    DataFrame of n_images rows
        The columns of `Manifest.images`.

    Raises
    ------
    TableError
        If an id is missing or an image stands in two rows.
    """
    given = require_ids(rows, roles.image, "image")
    case = given if roles.case is None else require_ids(rows, roles.case, "case")
    path = index.locate(given)
    role = pd.Series(NO_ROLE, index=rows.index, dtype="str")
    if roles.image_role is not None:
        role = image_roles(rows[roles.image_role])
    key = path.fillna(given)
    twice = key.duplicated(keep=False)
    if twice.any():
        first = key[twice].iloc[0]
        name = given[key == first].iloc[0]
        message = (
            f"each image must stand in one row, and {key[twice].nunique():,} stand in several: "
            f"{name!r} in {name_rows(key.index[key == first])}; "
            f"leave one of the rows out, or correct column {roles.image!r}"
        )
        raise TableError(message)
    status = path.isna().map({True: "missing", False: "found"}).astype("str")
    return pd.DataFrame({"case": case, "role": role, "path": path, "status": status, "given": given})


def require_ids(rows: pd.DataFrame, column: str, what: str) -> "pd.Series[str]":
    """Return a column of ids.

    Raises
    ------
    TableError
        If one is missing; the message names the rows.
    """
    ids = canonical_text(rows[column])
    if ids.isna().any():
        message = (
            f"each row must have an id of its {what} in column {column!r}, and "
            f"{name_rows(ids.index[ids.isna()])} have none; fill them in, or leave these rows out"
        )
        raise TableError(message)
    return ids


def missing_images(images: pd.DataFrame, index: ImageIndex, *, allow: bool) -> tuple[Remark, ...]:
    """Return a remark on the missing images; where all are missing, something is wrong."""
    missing = images["path"].isna()
    if not missing.any():
        return ()
    given = ", ".join(images.loc[missing, "given"].head(3))
    if missing.all() and not allow:
        files = ", ".join(index.paths[:3]) or "none"
        message = (
            f"the images of the table must lie in {index.root}, and none of {len(images):,} does: the table "
            f"names {given}, the folder holds {len(index.paths):,} images ({files}); "
            "check --images and the image column"
        )
        raise TableError(message)
    text = (
        f"{int(missing.sum()):,} of {len(images):,} images ({missing.mean():.1%}) are not in the image "
        f"folder: {given} ({name_rows(images.index[missing])})"
    )
    return (Remark("images", text),)
