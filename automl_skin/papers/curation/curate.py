"""The whole curation, step by step; what it needs of files is given to it."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from automl_skin.data.table import canonical_text, require_column
from automl_skin.errors import TableError
from automl_skin.papers.curation.classes import BALANCED, classes_of, require_both_classes, surplus
from automl_skin.papers.curation.duplicates import (
    ListedCopy,
    find_copies,
    find_in_reference,
    find_listed,
    give_reasons,
    years_of,
)
from automl_skin.papers.curation.fields import Fill, encode, fit_fill, read_fields
from automl_skin.papers.curation.ledger import ROW, Ledger, begin
from automl_skin.papers.curation.rules import TARGET, CurationRules

LISTED = "published duplicate lists"
REPEATED = "repeated image ids"
SAME_BYTES = "binary duplicates"
REFERENCE_IDS = "ids of the set curated before"
REFERENCE_BYTES = "binary duplicates of the set curated before"
DUPLICATES = (LISTED, REPEATED, SAME_BYTES, REFERENCE_IDS, REFERENCE_BYTES)
"""Steps that remove duplicates."""


@dataclass(frozen=True)
class Uncurated:
    """A table before its curation, with what it is compared with.

    Parameters
    ----------
    table : DataFrame
        Index ``(table, row)``; a column ``split`` of ``train`` and ``test`` where there is a split.
    images : Series
        Image id by row.
    contents : Series or None
        Digest of the image's bytes by row, NA where the image is not there; None without images.
    listed : tuple of ListedCopy
        Of the published lists.
    reference_images, reference_contents : Series or None
        Ids and digests of a set that was curated before.
    """

    table: pd.DataFrame
    images: "pd.Series[str]"
    contents: "pd.Series[str] | None" = None
    listed: tuple[ListedCopy, ...] = ()
    reference_images: "pd.Series[str] | None" = None
    reference_contents: "pd.Series[str] | None" = None


@dataclass(frozen=True)
class Curated:
    """A table after its curation.

    Parameters
    ----------
    features : DataFrame or None
        Sex, age and one-hot site by row; None where missing values were left.
    fill : Fill or None
        What missing values became.
    notes : tuple of str
        What a reader of the counts should know.
    """

    ledger: Ledger
    features: pd.DataFrame | None
    fill: Fill | None
    notes: tuple[str, ...]


def curate(
    given: Uncurated,
    rules: CurationRules,
    *,
    impute: bool = True,
    only_with_image: bool = False,
) -> Curated:
    """Curate a table.

    Parameters
    ----------
    impute : bool
        Fill missing sex, age and site, and encode; else they stay missing.
    only_with_image : bool
        Drop the rows whose image is not in the folder.

    Raises
    ------
    TableError
        If a column is missing or holds what cannot be used.
    """
    _check(given, rules)
    notes: list[str] = []
    ledger = begin(given.table, given.images)
    if only_with_image and given.contents is not None:
        ledger = ledger.without("with an image", _constant(given.contents.isna(), "no image in the folder"))
    ledger = _without_copies(ledger, given, rules, notes)
    ledger = _with_classes(ledger, rules, notes)
    if rules.balance:
        why, note = surplus(ledger.table, rules)
        ledger = ledger.without(BALANCED, why, note)
    fill = None
    if impute:
        fill = fit_fill(ledger.table, rules)
        ledger = _imputed(ledger, rules, fill)
    ledger = _merged(ledger, rules)
    features = encode(ledger.table, rules) if impute else None
    return Curated(ledger, features, fill, tuple(notes))


def _check(given: Uncurated, rules: CurationRules) -> None:
    """Refuse a table without the columns, or whose rows name no image."""
    for column, flag in (
        (rules.class_column, "--class-column"),
        (rules.sex, "--sex-column"),
        (rules.age, "--age-column"),
        (rules.site, "--site-column"),
        *(((rules.balance_within, "--balance-within"),) if rules.balance_within else ()),
    ):
        require_column(given.table, column, flag)
    if TARGET in given.table:
        raise TableError(f"column {TARGET!r}: the curated table adds one of this name; rename yours")
    missing = given.images.isna()
    if missing.any():
        name, row = given.images.index[missing][0]
        raise TableError(
            f"expected an image in every row, got {int(missing.sum())} rows without one (first {name}, row {row}); "
            "fill them in, or give --image-column"
        )


def _without_copies(ledger: Ledger, given: Uncurated, rules: CurationRules, notes: list[str]) -> Ledger:
    """Drop listed copies, repeated ids, equal bytes, and what a reference set holds."""
    ids = given.images
    if given.listed:
        table = ledger.table
        why = find_listed(ids.loc[table.index], years_of(table), given.listed, any_year=rules.any_year)
        ledger = ledger.without(LISTED, why, f"{len(given.listed):,} entries")
    why = give_reasons(find_copies(ledger.table, ids), "same image id")
    ledger = ledger.without(REPEATED, why)
    if given.contents is not None:
        n_there = int(given.contents.reindex(ledger.table.index).notna().sum())
        found = find_copies(ledger.table, given.contents)
        notes.extend(_contradictions(given.table, found, rules))
        note = f"{n_there:,} of {len(ledger.table):,} rows have an image that can be compared"
        ledger = ledger.without(SAME_BYTES, give_reasons(found, "same bytes"), note)
    return _without_reference(ledger, given)


def _without_reference(ledger: Ledger, given: Uncurated) -> Ledger:
    if given.reference_images is None:
        return ledger
    found = find_in_reference(ledger.table, given.images, given.reference_images)
    ledger = ledger.without(REFERENCE_IDS, give_reasons(found, "same image id"))
    if given.contents is None or given.reference_contents is None:
        return ledger
    found = find_in_reference(ledger.table, given.contents, given.reference_contents)
    return ledger.without(REFERENCE_BYTES, give_reasons(found, "same bytes"))


def _contradictions(table: pd.DataFrame, found: pd.DataFrame, rules: CurationRules) -> list[str]:
    """Say which dropped copies are of another class than the row that stays."""
    values = canonical_text(table[rules.class_column]).fillna("no value")
    going = values.loc[found.index].to_numpy()
    staying = values.loc[pd.MultiIndex.from_frame(found)].to_numpy()
    pairs = sorted({f"{a} and {b}" for a, b in zip(going, staying, strict=True) if a != b})
    if not pairs:
        return []
    n_pairs = int((going != staying).sum())
    return [f"{n_pairs} binary duplicates have two values of {rules.class_column}: {'; '.join(pairs)}"]


def _with_classes(ledger: Ledger, rules: CurationRules, notes: list[str]) -> Ledger:
    """Add the column of the target; drop what has no class."""
    table = read_fields(ledger.table, rules)
    classes = classes_of(table, rules)
    require_both_classes(table, classes, rules)
    unlabelled = canonical_text(table[rules.class_column]).isna()
    if unlabelled.any():
        done = "counted as NON-MEL, as in the paper" if rules.unlabelled == "negative" else "dropped"
        notes.append(f"{int(unlabelled.sum()):,} rows have no {rules.class_column} and are {done}")
    why = _constant(classes.isna(), f"no value in {rules.class_column}")
    labelled = Ledger(table.assign(**{TARGET: classes}), ledger.images, ledger.counts, ledger.entries)
    return labelled.without("MEL or NON-MEL", why)


def _imputed(ledger: Ledger, rules: CurationRules, fill: Fill) -> Ledger:
    """Fill what is missing."""
    before, counts = ledger.table, []
    for column in rules.fields:
        missing = before.index[before[column].isna()]
        counts.append(f"{column} {len(missing):,} by {fill.value(rules, column)}")
        values = pd.Series(fill.value(rules, column), index=missing, dtype=before[column].dtype)
        ledger = ledger.with_values("imputed", column, values, fill.why(rules, column))
    changed = int(before[list(rules.fields)].isna().any(axis=1).sum())
    return ledger.counted("imputed", changed=changed, note="; ".join(counts))


def _merged(ledger: Ledger, rules: CurationRules) -> Ledger:
    """Give merged sites their one name."""
    sites = ledger.table[rules.site]
    merged = sites[sites.isin(list(rules.merged_sites))].map(dict(rules.merged_sites))
    ledger = ledger.with_values("sites merged", rules.site, merged, "one site in the ISIC 2020 test set")
    return ledger.counted(
        "sites merged", changed=len(merged), note=", ".join(_levels(ledger.table[rules.site]))
    )


def _levels(sites: "pd.Series[str]") -> Sequence[str]:
    return [f"{site} {count:,}" for site, count in sites.value_counts(dropna=False).items()]


def _constant(mask: "pd.Series[bool]", why: str) -> "pd.Series[str]":
    return pd.Series(why, index=mask.index[mask], dtype="str")


def row_index(name: str, n_rows: int) -> pd.MultiIndex:
    """Return the index of a table's rows: its name, and numbers from 1."""
    return pd.MultiIndex.from_product([[name], range(1, n_rows + 1)], names=list(ROW))
