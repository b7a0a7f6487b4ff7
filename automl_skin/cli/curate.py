"""``automl-skin curate``: a clean, balanced table of ISIC-style tables, as in Ahammed et al. 2025."""

from pathlib import Path
from typing import Annotated

import typer

from automl_skin.cli.options import split_commas

CLASSES = "Melanoma or not"
COPIES = "Duplicates"
FIELDS = "Metadata"


def curate(
    data: Annotated[
        list[Path], typer.Option("--data", help="Table: CSV or Parquet. Repeatable: put below each other.")
    ],
    output: Annotated[Path, typer.Option("--output", help="Folder of the curated table, record and report.")],
    images: Annotated[
        Path | None, typer.Option("--images", help="Folder of the photographs, to compare their bytes.")
    ] = None,
    held_out: Annotated[
        list[Path] | None, typer.Option("--held-out", help="Table whose rows are the test part. Repeatable.")
    ] = None,
    split: Annotated[str, typer.Option("--split", help="Column that says train or test.")] = "",
    image_column: Annotated[str, typer.Option("--image-column", help="Column of the image id.")] = "",
    only_with_image: Annotated[
        bool, typer.Option("--only-with-image", help="Drop rows whose image is not in the folder.")
    ] = False,
    duplicates: Annotated[
        list[Path] | None,
        typer.Option(
            "--duplicates",
            help="Published list of duplicates: paths or ids, as text or CSV. Repeatable.",
            rich_help_panel=COPIES,
        ),
    ] = None,
    any_year: Annotated[
        bool,
        typer.Option(
            "--any-year",
            help="An entry such as 2016/train/ISIC_0003346.jpg drops the image in every year.",
            rich_help_panel=COPIES,
        ),
    ] = False,
    against: Annotated[
        list[Path] | None,
        typer.Option(
            "--against",
            help="Table of a set curated before; its images are dropped here. Repeatable.",
            rich_help_panel=COPIES,
        ),
    ] = None,
    class_column: Annotated[
        str, typer.Option("--class-column", help="Column that tells melanoma.", rich_help_panel=CLASSES)
    ] = "benign_malignant",
    melanoma: Annotated[
        str,
        typer.Option("--melanoma", help="Its values that are melanoma, by commas.", rich_help_panel=CLASSES),
    ] = "malignant,indeterminate/malignant",
    unlabelled: Annotated[
        str,
        typer.Option("--unlabelled", help="Rows without a value: negative or drop.", rich_help_panel=CLASSES),
    ] = "negative",
    balance: Annotated[
        bool, typer.Option(help="As many rows of each class, in each part.", rich_help_panel=CLASSES)
    ] = True,
    balance_within: Annotated[
        str,
        typer.Option("--balance-within", help="Column, balanced in each value.", rich_help_panel=CLASSES),
    ] = "",
    complete_negatives: Annotated[
        bool,
        typer.Option(
            "--complete-negatives",
            help="Take NON-MEL rows whose metadata is complete, as the paper did; missing values then tell melanoma.",
            rich_help_panel=CLASSES,
        ),
    ] = False,
    seed: Annotated[int, typer.Option("--seed", help="Of the balancing.", rich_help_panel=CLASSES)] = 0,
    sex_column: Annotated[str, typer.Option("--sex-column", rich_help_panel=FIELDS)] = "sex",
    age_column: Annotated[str, typer.Option("--age-column", rich_help_panel=FIELDS)] = "age_approx",
    site_column: Annotated[
        str, typer.Option("--site-column", rich_help_panel=FIELDS)
    ] = "anatom_site_general",
    impute: Annotated[
        bool,
        typer.Option(
            help="Fill in missing values: sex by mode, age by median, site unknown.", rich_help_panel=FIELDS
        ),
    ] = True,
) -> None:
    """Curate ISIC-style tables: duplicates out, MEL and NON-MEL, 1:1, imputed, torso merged, one-hot.

    Writes curated.csv, features.csv, record.csv (what was dropped or changed, and why) and report.md.
    """
    from automl_skin.cli.terminal import Terminal
    from automl_skin.papers.curation.files import CurationJob, curate_files
    from automl_skin.papers.curation.report import (
        COMPARISON_COLUMNS,
        STEP_COLUMNS,
        comparison_rows,
        step_rows,
    )
    from automl_skin.papers.curation.rules import MEL, TARGET, CurationRules

    if unlabelled not in {"negative", "drop"}:
        raise typer.BadParameter(f"must be negative or drop; found {unlabelled!r}", param_hint="--unlabelled")
    rules = CurationRules(
        class_column=class_column,
        melanoma=tuple(split_commas(melanoma) or ()),
        unlabelled="drop" if unlabelled == "drop" else "negative",
        sex=sex_column,
        age=age_column,
        site=site_column,
        any_year=any_year,
        balance=balance,
        balance_within=balance_within,
        complete_negatives=complete_negatives,
        seed=seed,
    )
    job = CurationJob(
        tuple(data),
        output,
        images,
        tuple(held_out or ()),
        tuple(duplicates or ()),
        tuple(against or ()),
        split,
        image_column,
        impute,
        only_with_image,
        rules,
    )
    terminal = Terminal()
    with terminal.listening() as tell:
        outcome = curate_files(job, tell)
    terminal.table("Counts after each step", STEP_COLUMNS, step_rows(outcome.curated))
    terminal.table(
        "Beside tables 3 and 4 of Ahammed et al. 2025",
        COMPARISON_COLUMNS,
        comparison_rows(outcome.comparisons),
    )
    terminal.say(*(f"Note: {note}" for note in outcome.curated.notes))
    terminal.say(f"Written: {output / 'curated.csv'}, features.csv, record.csv, report.md")
    target = f"--target {TARGET} --positive {MEL}"
    terminal.say(f"Next: automl-skin check --data {output / 'curated.csv'} --images FOLDER {target}")
