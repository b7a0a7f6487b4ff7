"""``automl-skin search``: the main job."""

from typing import Annotated

import typer

from automl_skin.cli import options
from automl_skin.cli.options import SEARCH
from automl_skin.cli.settings import Given, collect, workspace_of


def search(
    data: options.Data = None,
    images: options.Images = None,
    target: options.Target = None,
    positive: options.Positive = None,
    group: options.Group = None,
    split: options.Split = None,
    waive_leakage: options.WaiveLeakage = None,
    drop_crossing: options.DropCrossing = None,
    metadata: options.Metadata = None,
    ignore: options.Ignore = None,
    allow: options.Allow = None,
    quarantine: options.Quarantine = None,
    allow_missing: options.AllowMissing = None,
    case_column: options.CaseColumn = None,
    image_column: options.ImageColumn = None,
    image_role_column: options.ImageRoleColumn = None,
    patient_column: options.PatientColumn = None,
    lesion_column: options.LesionColumn = None,
    source_column: options.SourceColumn = None,
    folds: options.Folds = None,
    locked_share: options.LockedShare = None,
    backbone: options.Backbone = None,
    weights: options.Weights = None,
    weights_dir: options.WeightsDir = None,
    size: options.Size = None,
    fit: options.Fit = None,
    resize: options.Resize = None,
    views: options.Views = None,
    colour: options.Colour = None,
    device: options.Device = None,
    batch_size: options.BatchSize = None,
    tuning: options.Tuning = None,
    tuning_budget: options.TuningBudget = None,
    tuning_set: options.TuningSet = None,
    way: options.Way = None,
    towers: options.Towers = None,
    devices: options.Devices = None,
    trials: Annotated[
        int | None,
        typer.Option("--trials", help="Total of the study's trials [200].", rich_help_panel=SEARCH),
    ] = None,
    timeout: Annotated[
        str | None,
        typer.Option("--timeout", help="Begin no trial after this: 45m, 2h.", rich_help_panel=SEARCH),
    ] = None,
    metric: Annotated[
        str | None,
        typer.Option(
            "--metric",
            help="auc, average_precision, balanced_accuracy, log_loss or partial_auc [auc].",
            rich_help_panel=SEARCH,
        ),
    ] = None,
    min_tpr: Annotated[
        float | None, typer.Option("--min-tpr", help="Bound of partial_auc [0.8].", rich_help_panel=SEARCH)
    ] = None,
    family: Annotated[
        list[str] | None,
        typer.Option("--family", help="Head family to search. Repeatable.", rich_help_panel=SEARCH),
    ] = None,
    fusion: Annotated[
        list[str] | None,
        typer.Option("--fusion", help="Fusion to search. Repeatable.", rich_help_panel=SEARCH),
    ] = None,
    sampler: Annotated[
        str | None, typer.Option("--sampler", help="tpe or random [tpe].", rich_help_panel=SEARCH)
    ] = None,
    seed: options.Seed = None,
    objective: options.Objective = None,
    shift_cases: options.ShiftCases = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            "--jobs", help="Worker processes; one a core, at most four, by default.", rich_help_panel=SEARCH
        ),
    ] = None,
    open_again: Annotated[
        bool,
        typer.Option(
            "--open-again",
            help="Open the locked test set for another stack than before.",
            rich_help_panel=SEARCH,
        ),
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Say what would be done, and what time and disk it needs.",
            rich_help_panel=SEARCH,
        ),
    ] = False,
    study: options.Study = "",
    workspace: options.WorkspaceFolder = None,
    cache_dir: options.CacheFolder = None,
    tracking_uri: options.TrackingUri = None,
) -> None:
    """Search backbones, fusions, heads and hyperparameters; build the stack; open the locked test set once.

    Without --data the built-in study on synthetic lesions runs. The same command continues a study.
    """
    flags = collect(Given(locals()))
    from automl_skin.cli.terminal import Terminal, TerminalAudience
    from automl_skin.steps.audience import Several
    from automl_skin.steps.dry_run import estimate
    from automl_skin.steps.search import run_search
    from automl_skin.steps.track import Tracked
    from automl_skin.study.study import open_study

    terminal = Terminal()
    opened = open_study(workspace_of(workspace, cache_dir), study, flags)
    with terminal.progress() as report:
        if dry_run:
            terminal.say(*estimate(opened, report))
            return
        audience = TerminalAudience(terminal, report, opened.config.trials)
        run_search(opened, Several([audience, Tracked(opened)]), open_again=open_again)
