"""The bench's table for people: claimed, true, covered, by world and figure."""

from collections.abc import Sequence

import pandas as pd

from automl_skin.papers.honesty.bench import why_wrong
from automl_skin.papers.honesty.worlds import World
from automl_skin.papers.markdown import format_table

COLUMNS = ("figure", "studies", "claimed", "true", "excess", "covered", "verdict")

WHAT = (
    "Each row: over many simulated studies, the mean of a figure as the tool claims it, its mean true value on new "
    "patients, the difference, and the share of studies whose 95 % interval holds the true value. ± are Monte Carlo "
    "standard errors. The file of the same name that ends in .csv has more columns."
)


def table_rows(summary: pd.DataFrame, world: str) -> list[tuple[str, ...]]:
    """Return the rows of a world's table, with the headings `COLUMNS`."""
    rows: list[tuple[str, ...]] = []
    for _, each in summary[summary["world"] == world].iterrows():
        covered = f"{each['covered']:.3f} ± {each['covered_error']:.3f}" if pd.notna(each["covered"]) else "-"
        few = f" ({each['too_few']:.0%} too few to tell)" if each["too_few"] else ""
        rows.append(
            (
                f"{each['figure']}{few}",
                f"{each['studies']:.0f}",
                f"{each['claimed']:.3f}",
                f"{each['true']:.3f}",
                f"{each['excess']:+.3f} ± {each['excess_error']:.3f}",
                covered,
                why_wrong(each) or "holds",
            )
        )
    return rows


def bench_report(worlds: Sequence[World], summary: pd.DataFrame, command: str) -> str:
    """Return the report as Markdown."""
    parts = [
        "# What is claimed, and what is true",
        f"Made by `{command}`. {WHAT}",
    ]
    for world in worlds:
        facts = (
            f"{world.cases} cases, {world.prevalence:.0%} positive, 1 to {world.max_per_patient} per patient, "
            f"AUC of the true risk {world.auc:.2f}{', with a column that gives the label away' if world.leak else ''}"
            f"{f', nothing to be seen of {world.hidden:.0%} of the cases' if world.hidden else ''}."
        )
        parts += [
            f"## {world.name}: {world.title}",
            facts,
            format_table(COLUMNS, table_rows(summary, world.name)),
        ]
    return "\n\n".join(parts) + "\n"
