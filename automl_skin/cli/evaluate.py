"""``automl-skin evaluate``: how good a bundle is on a labelled set."""

from pathlib import Path
from typing import Annotated

import typer

from automl_skin.cli import options


@options.takes_settings(
    "labels", "target", "positive", "image_column", "case_column", "patient_column", "lesion_column", "device"
)
def evaluate(
    flags: options.Flags,
    bundle: Annotated[Path, typer.Argument(help="Folder that `automl-skin export` wrote.")],
    data: Annotated[
        list[Path],
        typer.Option(
            "--data",
            help="Labelled table: CSV, Parquet or Excel. Given again: another table, joined by its id.",
        ),
    ],
    images: options.Images = "",
    embeddings: options.Embeddings = None,
    output: Annotated[Path, typer.Option("--output", help="Folder of the scores, figures and plots.")] = Path(
        "evaluation"
    ),
    sensitivity: Annotated[
        float | None,
        typer.Option("--sensitivity", help="Sensitivity of the decision; the study's own by default."),
    ] = None,
    verify: options.Verify = None,
) -> None:
    """Score a labelled set: AUC and its interval, calibration, and the decision's sensitivity and specificity."""
    from automl_skin.cli.terminal import Terminal
    from automl_skin.steps.evaluate import LabelledSet
    from automl_skin.steps.evaluate import evaluate as evaluate_bundle
    from automl_skin.steps.events import start_progress

    positive = tuple(flags.get("positive", ()))
    target, labels = flags.get("target", ""), flags.get("labels")
    folder = Path(images) if images else None
    vectors = tuple(embeddings or ())
    labelled = LabelledSet(data, folder, target, positive, options.roles_of(flags), labels, vectors)
    terminal = Terminal()
    with terminal.listening() as tell:
        evaluation = evaluate_bundle(
            bundle,
            labelled,
            output,
            sensitivity=sensitivity,
            device=flags.get("device", "auto"),
            public_key=verify,
            progress=start_progress(tell, "Scoring"),
        )
    terminal.say(*evaluation.lines(), f"Written: {output}")
