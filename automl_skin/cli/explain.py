"""``automl-skin explain``: what the models of a study look at, and what their inputs are worth."""

from pathlib import Path
from typing import Annotated

import typer

from automl_skin.cli import options
from automl_skin.cli.options import split_commas
from automl_skin.settings import Workspace


def explain(
    study: options.Study = "",
    what: Annotated[str, typer.Option("--what", help="Of cam, importances, maps.")] = "cam,importances,maps",
    trial: Annotated[
        list[int] | None,
        typer.Option("--trial", help="Number of a trial [the best of their kinds]. Repeatable."),
    ] = None,
    against: Annotated[
        str,
        typer.Option("--against", help="STUDY or STUDY:NUMBER whose heat is compared, on the same cases."),
    ] = "",
    name: Annotated[
        list[str] | None,
        typer.Option(
            "--name", help="What a model is called in pictures of heat. Repeatable, in their order."
        ),
    ] = None,
    without_metadata: Annotated[
        bool,
        typer.Option(
            "--without-metadata", help="Show heat of one model with and without the cases' metadata."
        ),
    ] = False,
    cases: Annotated[
        str | None, typer.Option("--cases", help="Cases of the picture of heat, separated by commas.")
    ] = None,
    show: Annotated[int, typer.Option("--show", min=1, help="Cases that are drawn otherwise.")] = 12,
    masks: Annotated[
        Path | None,
        typer.Option(
            "--masks", help="Folder of lesion masks, NAME_segmentation.png: gives the HeatMap index."
        ),
    ] = None,
    index_cases: Annotated[
        int, typer.Option("--index-cases", min=3, help="Cases whose HeatMap index is measured.")
    ] = 300,
    of_class: Annotated[
        str, typer.Option("--class", help="What heat explains: predicted, label, or a class.")
    ] = "predicted",
    method: Annotated[str, typer.Option("--method", help="grad-cam, or cam.")] = "grad-cam",
    points: Annotated[int, typer.Option("--points", min=4, help="Cases on a map.")] = 2000,
    by: Annotated[str, typer.Option("--by", help="How a map is laid out: tsne, or umap.")] = "tsne",
    workspace: options.WorkspaceFolder = None,
    cache_dir: options.CacheFolder = None,
) -> None:
    """Draw heat over photographs, importances of inputs and maps of embeddings, by the chains that were measured."""
    from automl_skin.cli.terminal import Terminal
    from automl_skin.steps.explain import ExplainOptions
    from automl_skin.steps.explain import explain as explain_study
    from automl_skin.steps.explain_cam import HeatOptions
    from automl_skin.steps.explain_maps import MapOptions
    from automl_skin.study.study import existing_study

    heat = HeatOptions(tuple(split_commas(cases) or ()), show, index_cases, masks, of_class, method)
    wanted = ExplainOptions(
        tuple(split_commas(what) or ()),
        tuple(trial or ()),
        against,
        tuple(name or ()),
        without_metadata,
        heat,
        MapOptions(points, by),
    )
    terminal = Terminal()
    opened = existing_study(Workspace.at(workspace, cache_dir), study)
    with terminal.listening() as tell:
        explanation = explain_study(opened, wanted, tell, terminal.say)
    terminal.say(*explanation.lines, *(f"Written: {path}" for path in explanation.files))
