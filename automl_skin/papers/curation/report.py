"""What a person reads after a curation: counts after each step, what was filled in, and the paper's counts beside ours.

The paper's are tables 3 and 4 of Ahammed et al. 2025.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from automl_skin.data.table import canonical_text
from automl_skin.papers.curation.classes import BALANCED, classes_of
from automl_skin.papers.curation.curate import DUPLICATES, Curated
from automl_skin.papers.curation.duplicates import years_of
from automl_skin.papers.curation.ledger import Ledger
from automl_skin.papers.curation.rules import MEL, NON_MEL, SPLIT, TARGET, CurationRules
from automl_skin.papers.markdown import format_table

TABLE_3 = {
    "benign": 16_398,
    "indeterminate": 144,
    "indeterminate/benign": 61,
    "indeterminate/malignant": 71,
    "malignant": 3_580,
}
"""Records by benign_malignant, before duplicates were removed. With the 57 of no value (16,660 NON-MEL are given as the
subtotal, and the three rows sum to 16,603) they are 20,311 records, of which 378 were duplicates."""

TABLE_3_UNLABELLED = 57
TABLE_3_SUBTOTALS = {MEL: 3_651, NON_MEL: 16_660}
TABLE_3_TOTAL, TABLE_3_DUPLICATES, TABLE_3_REMAINING = 20_311, 378, 19_933

TABLE_4 = {
    "Cassidy et al., curated": (4_905, 52_082),
    "Cassidy et al., balanced": (4_905, 4_905),
    "Curated19933, curated": (3_625, 16_308),
    "Curated19933, balanced": (3_625, 3_625),
    "ISIC-DICM-17K": (8_530, 8_530),
}
"""MEL and NON-MEL by data set."""

PUBLISHED_CLASS = "class"


@dataclass(frozen=True)
class PublishedCount:
    """One count beside the paper's.

    Parameters
    ----------
    remark : str
        Whether they can be compared, and what a difference means.
    """

    what: str
    paper: int
    ours: int
    remark: str = ""

    @property
    def verdict(self) -> str:
        """Agreement, or the difference."""
        return "agrees" if self.paper == self.ours else f"{self.ours - self.paper:+,}"


def compare(raw: pd.DataFrame, ledger: Ledger, rules: CurationRules) -> tuple[PublishedCount, ...]:
    """Return the counts of tables 3 and 4 beside those of a curated table.

    Rows with a challenge year are those that the paper took over from Cassidy et al.; rows without are its own
    (Curated19933).

    Parameters
    ----------
    raw : DataFrame
        As it was given.
    ledger : Ledger
        Of the curation.
    """
    kept = ledger.table
    new, before = _is_new(raw), ~_is_new(raw)
    own = (*_by_value(raw[new], rules), *_unbalanced(raw[new], ledger, rules)) if new.any() else ()
    parts = _both("Curated19933, balanced", kept[_is_new(kept)]) if new.any() else ()
    taken = _both("Cassidy et al., balanced", kept[~_is_new(kept)]) if before.any() else ()
    whole = _both("ISIC-DICM-17K", kept) if new.any() and before.any() else ()
    return (*own, *parts, *taken, *whole, *_published_class(kept))


def _is_new(table: pd.DataFrame) -> "pd.Series[bool]":
    years = years_of(table)
    return pd.Series(True, index=table.index) if years is None else years.isna()


def _both(name: str, table: pd.DataFrame, remark: str = "") -> tuple[PublishedCount, PublishedCount]:
    counts = table[TARGET].value_counts()
    mel, other = TABLE_4[name]
    return (
        PublishedCount(f"table 4, {name}, MEL", mel, int(counts.get(MEL, 0)), remark),
        PublishedCount(f"table 4, {name}, NON-MEL", other, int(counts.get(NON_MEL, 0)), remark),
    )


def _by_value(new: pd.DataFrame, rules: CurationRules) -> tuple[PublishedCount, ...]:
    """Compare values of benign_malignant among the records as they were given."""
    counts = canonical_text(new[rules.class_column]).str.lower().fillna("").value_counts()
    named = [
        PublishedCount(f"table 3, {value}", paper, int(counts.get(value, 0)))
        for value, paper in TABLE_3.items()
    ]
    remark = "not in the paper's table: its subtotal less its rows"
    return (
        *named,
        PublishedCount("table 3, no value", TABLE_3_UNLABELLED, int(counts.get("", 0)), remark),
        PublishedCount("table 3, records", TABLE_3_TOTAL, len(new)),
    )


def _unbalanced(new: pd.DataFrame, ledger: Ledger, rules: CurationRules) -> tuple[PublishedCount, ...]:
    """Compare the new rows after duplicates were removed and before balancing."""
    record = ledger.record
    going = record[(record["done"] == "dropped") & (record["step"] != BALANCED)]
    rows = pd.MultiIndex.from_frame(going[["table", "row"]])
    left = new[~new.index.isin(rows)]
    labelled = left.assign(**{TARGET: classes_of(left, rules)})
    n_copies = int(new.index.isin(rows[going["step"].isin(DUPLICATES).to_numpy(dtype=bool)]).sum())
    return (
        PublishedCount("table 3, duplicates", TABLE_3_DUPLICATES, n_copies),
        PublishedCount("table 3, remaining", TABLE_3_REMAINING, len(left)),
        *_both("Curated19933, curated", labelled),
    )


def _published_class(kept: pd.DataFrame) -> tuple[PublishedCount, ...]:
    """Compare with the labels that the published table has itself, 1 for MEL, where it has them."""
    if PUBLISHED_CLASS not in kept:
        return ()
    given = canonical_text(kept[PUBLISHED_CLASS]).map({"1": MEL, "0": NON_MEL})
    known = int(given.notna().sum())
    agree = int((given == kept[TARGET]).sum())
    what = "rows with the label of the published column 'class'"
    return (PublishedCount(what, known, agree),) if known else ()


STEP_COLUMNS = ("step", "rows", "dropped", "changed", "MEL", "NON-MEL", "note")
COMPARISON_COLUMNS = ("count", "paper", "ours", "difference", "remark")


def step_rows(curated: Curated) -> list[list[str]]:
    """Return one line per step, in the order of `STEP_COLUMNS`."""
    return [
        [
            count.step,
            f"{count.rows:,}",
            f"{count.dropped:,}" if count.dropped else "-",
            f"{count.changed:,}" if count.changed else "-",
            "" if count.melanoma is None else f"{count.melanoma:,}",
            "" if count.other is None else f"{count.other:,}",
            count.note,
        ]
        for count in curated.ledger.counts
    ]


def comparison_rows(comparisons: Sequence[PublishedCount]) -> list[list[str]]:
    """Return one line per count, in the order of `COMPARISON_COLUMNS`."""
    return [[one.what, f"{one.paper:,}", f"{one.ours:,}", one.verdict, one.remark] for one in comparisons]


def write_report(curated: Curated, comparisons: Sequence[PublishedCount]) -> str:
    """Return the report as Markdown."""
    table, fill = curated.ledger.table, curated.fill
    parts = ["# Curation", "## Counts after each step", format_table(STEP_COLUMNS, step_rows(curated))]
    parts.append("## Beside tables 3 and 4 of Ahammed et al. 2025")
    parts.append(format_table(COMPARISON_COLUMNS, comparison_rows(comparisons)))
    if SPLIT in table:
        counts = table[[SPLIT, TARGET]].value_counts(sort=False).reset_index().astype("str")
        parts += ["## Parts", format_table(("part", "class", "rows"), counts.to_numpy().tolist())]
    if fill is not None:
        rows = (
            f"{fill.rows:,} training rows"
            if SPLIT in table
            else f"all {fill.rows:,} rows, as there is no split"
        )
        parts.append(
            f"Missing values became: sex {fill.sex}, age {fill.age:g}, site {fill.site}; taken on {rows}.\n"
            "The paper does not say on which rows it took them."
        )
    if curated.notes:
        parts.append("\n".join(f"- {note}" for note in curated.notes))
    return "\n\n".join(parts) + "\n"
