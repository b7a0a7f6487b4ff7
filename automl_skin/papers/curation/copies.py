"""Copies: rows of one image id, and images of the same bytes (rdfind's criterion, Ahammed et al. 2025, section 4.1).

Of several copies one stays: that of the test part, as Cassidy et al. 2021 take copies of test images out of training;
then the newest by challenge year; then the first row.
"""

import pandas as pd

from automl_skin.papers.curation.published_lists import years_of
from automl_skin.papers.curation.rules import SPLIT, TEST


def copies(table: pd.DataFrame, keys: "pd.Series[str]") -> pd.DataFrame:
    """Return the rows that share a key with one that stays.

    Parameters
    ----------
    table : DataFrame of n_rows rows
        Index ``(table, row)``.
    keys : Series
        Image id, or digest of the image's bytes, by row; rows without one are no copies.

    Returns
    -------
    DataFrame
        By row that goes, ``(table, row)`` of the one that stays as columns ``table`` and ``row``.
    """
    known = keys.reindex(table.index).dropna()
    known = known[known.duplicated(keep=False)]
    ordered = known.loc[_best_first(table.loc[known.index])]
    stays = ordered.index.to_frame(index=False).groupby(ordered.to_numpy(), sort=False).first()
    going = ordered[ordered.duplicated()]
    return stays.loc[going.tolist()].set_axis(going.index)


def in_reference(table: pd.DataFrame, keys: "pd.Series[str]", reference: "pd.Series[str]") -> pd.DataFrame:
    """Return the rows whose key stands in a set that was curated before, as `copies` does.

    Parameters
    ----------
    table : DataFrame of n_rows rows
    keys, reference : Series
        Ids or digests of the table's rows and of that set's, NA where there is none.
    """
    known = reference.dropna()
    first = known[~known.duplicated()]
    where = first.index.to_frame(index=False).set_axis(first.tolist())
    found = keys.reindex(table.index)
    found = found[found.isin(where.index)]
    return where.loc[found.tolist()].set_axis(found.index)


def reasons(copies: pd.DataFrame, what: str) -> "pd.Series[str]":
    """Return why each copy goes."""
    text = what + " as " + copies["table"].astype("str") + ", row " + copies["row"].astype("str")
    return text.astype("str")


def _best_first(table: pd.DataFrame) -> pd.MultiIndex:
    """Return the rows such that of several copies the one that stays comes first."""
    years = years_of(table)
    order = pd.DataFrame(index=table.index)
    order["part"] = (table[SPLIT] != TEST) if SPLIT in table else False
    order["age"] = -pd.to_numeric(years, errors="coerce").fillna(0.0) if years is not None else 0.0
    index = order.sort_values(["part", "age"], kind="stable").index
    assert isinstance(index, pd.MultiIndex)
    return index
