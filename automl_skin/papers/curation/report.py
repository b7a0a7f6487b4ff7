"""What a person reads after a curation: counts after each step, beside the paper's, and what was filled in."""

from collections.abc import Sequence

from automl_skin.papers.curation.curate import Curated
from automl_skin.papers.curation.published_counts import Comparison
from automl_skin.papers.curation.rules import SPLIT, TARGET

STEP_COLUMNS = ("step", "rows", "dropped", "changed", "MEL", "NON-MEL", "note")
COMPARISON_COLUMNS = ("count", "paper", "ours", "difference", "remark")


def step_rows(curated: Curated) -> list[list[str]]:
    """Return one line a step, in the order of `STEP_COLUMNS`."""
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


def comparison_rows(comparisons: Sequence[Comparison]) -> list[list[str]]:
    """Return one line a count, in the order of `COMPARISON_COLUMNS`."""
    return [[one.what, f"{one.paper:,}", f"{one.ours:,}", one.verdict, one.remark] for one in comparisons]


def report(curated: Curated, comparisons: Sequence[Comparison]) -> str:
    """Return the report as Markdown."""
    table = curated.ledger.table
    lines = ["# Curation", "", "## Counts after each step", "", *markdown(STEP_COLUMNS, step_rows(curated))]
    lines += ["", "## Beside tables 3 and 4 of Ahammed et al. 2025", ""]
    lines += markdown(COMPARISON_COLUMNS, comparison_rows(comparisons))
    if SPLIT in table:
        parts = table[[SPLIT, TARGET]].value_counts(sort=False).reset_index()
        lines += [
            "",
            "## Parts",
            "",
            *markdown(("part", "class", "rows"), parts.astype("str").to_numpy().tolist()),
        ]
    if curated.fill is not None:
        fill = curated.fill
        where = (
            f"{fill.rows:,} training rows"
            if SPLIT in table
            else f"all {fill.rows:,} rows, as there is no split"
        )
        lines += [
            "",
            f"Missing values became: sex {fill.sex}, age {fill.age:g}, site {fill.site}; taken on {where}.",
        ]
        lines += ["The paper does not say on which rows it took them."]
    lines += ["", *(f"- {note}" for note in curated.notes)]
    return "\n".join(lines).rstrip() + "\n"


def markdown(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return a table in Markdown."""
    lines = [columns, ["---"] * len(columns), *rows]
    return [f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines]
