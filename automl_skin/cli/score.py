"""``automl-skin score``: new cases in, probabilities out."""

from pathlib import Path
from typing import Annotated

import typer

from automl_skin.cli import options

UNSCORED = 3


@options.takes_settings("image_column", "case_column", "image_role_column", "device")
def score(
    flags: options.Flags,
    bundle: Annotated[Path, typer.Argument(help="Folder that `automl-skin export` wrote.")],
    images: options.Images = "",
    embeddings: options.Embeddings = None,
    data: Annotated[
        list[Path] | None,
        typer.Option(
            "--data",
            help="Table; without it every image of the folder is scored. Given again: another table, joined by its id.",
        ),
    ] = None,
    output: Annotated[Path, typer.Option("--output", help="File of the scores, .csv or .parquet.")] = Path(
        "scores.csv"
    ),
    sensitivity: Annotated[
        float | None,
        typer.Option("--sensitivity", help="Sensitivity of the decision; the study's own by default."),
    ] = None,
    prevalence: Annotated[
        float | None, typer.Option("--prevalence", help="Share of positives where the model is used.")
    ] = None,
    submission: Annotated[
        str,
        typer.Option(
            "--submission",
            help="Write --output as a challenge takes it: milk10k, isic (a column per class) or siim2020; the scores "
            "lie beside it.",
        ),
    ] = "",
    explain: Annotated[
        Path | None,
        typer.Option("--explain", help="CSV file of what each probability is made as well, in log-odds."),
    ] = None,
    heat: Annotated[
        Path | None,
        typer.Option(
            "--heat", help="New folder of pictures of where the networks look, seconds per photograph."
        ),
    ] = None,
    verify: options.Verify = None,
) -> None:
    """Score a table and its images, or a folder of images; an interrupted run continues where it stopped."""
    from automl_skin.cli.terminal import Terminal
    from automl_skin.scoring.decide import ScoringOptions
    from automl_skin.scoring.outputs import Beside
    from automl_skin.steps.score import score as score_files
    from automl_skin.steps.score import scores_beside

    terminal = Terminal()
    with terminal.listening() as tell:
        summary = score_files(
            bundle,
            Path(images) if images else None,
            output,
            data,
            ScoringOptions(sensitivity, prevalence),
            roles=options.roles_of(flags),
            device=flags.get("device", "auto"),
            beside=Beside(submission, explain, heat),
            embeddings=embeddings or (),
            public_key=verify,
            tell=tell,
        )
    if submission:
        terminal.say(f"Written: {output}, as {submission} takes it")
    scores = scores_beside(output) if submission else output
    terminal.say(
        f"Written: {scores}, {summary.rows:,} rows, of which {summary.unscored:,} could not be scored"
    )
    terminal.say(*(f"Flag {flag}: {rows_in_words(count)}" for flag, count in summary.flags.items()))
    if explain is not None:
        terminal.say(f"Written: {explain}, of what each probability is made")
    if summary.pictures is not None:
        terminal.say(f"Written: {heat}, pictures of {len(summary.pictures.files):,} rows; {summary.heat}")
        terminal.say(
            *(f"No picture: {rows_in_words(count)}, {why}" for why, count in summary.pictures.without.items())
        )
    if summary.unscored and submission:
        terminal.say(
            f"{summary.unscored:,} rows have the shares of the classes in place of probabilities in the submission"
        )
    if summary.unscored:
        said = (why if why.startswith(name) else f"{name}: {why}" for name, why in summary.problems.items())
        terminal.say(*(f"Not scored: {each}" for each in said))
        raise typer.Exit(UNSCORED)


def rows_in_words(count: int) -> str:
    """Return a number of rows with its noun."""
    return f"{count:,} row{'' if count == 1 else 's'}"
