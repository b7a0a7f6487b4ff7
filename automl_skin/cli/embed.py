"""``automl-skin embed``: stage one alone, on a machine with a GPU for instance."""

import shlex
from typing import TYPE_CHECKING

from automl_skin.cli import options
from automl_skin.settings import Workspace
from automl_skin.study.settings import DATA, NETWORKS, TUNING

if TYPE_CHECKING:
    from pathlib import Path

    from automl_skin.steps.stage_one import StageOneOutcome
    from automl_skin.study.study import Study


@options.takes_settings("seed", "objective", panels=(DATA, NETWORKS, TUNING))
def embed(
    flags: options.Flags,
    study: options.Study = "",
    workspace: options.WorkspaceFolder = None,
    cache_dir: options.CacheFolder = None,
) -> None:
    """Tune networks and compute embeddings into the cache, and search nothing.

    The cache can be copied to another machine, where a search finds all of it. The same command continues after an
    interruption. Needs neither Optuna nor MLflow nor a library of trees.
    """
    from automl_skin.cli.terminal import Terminal
    from automl_skin.steps.stage_one import run_stage_one
    from automl_skin.study.study import open_study

    terminal = Terminal()
    opened = open_study(Workspace.at(workspace, cache_dir), study, flags)
    with terminal.listening() as tell:
        outcome = run_stage_one(opened, tell)
    terminal.say(*_summary(opened, outcome), *_what_next(opened))


def _summary(study: "Study", outcome: "StageOneOutcome") -> list[str]:
    cache = study.workspace.cache
    made = (
        f"Stage one:  {len(outcome.frozen)} frozen and {len(outcome.tuned)} tuned networks in {outcome.precision}; "
        f"{outcome.computed:,} embeddings computed now, {outcome.seconds:.0f} s"
    )
    return [
        *(f"Unreadable: {path}: {why}" for path, why in list(outcome.unreadable.items())[:5]),
        *(f"Failed:     {each.job.network}: {each.reason}" for each in outcome.failed),
        *(f"Left out:   {name}: the budget was used up" for name in outcome.skipped),
        made,
        *(f"Networks:   {line}" for line in _networks(outcome)),
        f"Cache:      {cache}, {_megabytes(cache):,.0f} MB",
    ]


def _networks(outcome: "StageOneOutcome") -> list[str]:
    """Return one line per backbone, recipe and tuning."""
    without: dict[str, list[str]] = {}
    for each in (*outcome.frozen, *outcome.tuned):
        folds = "+".join(map(str, each.id.held_out))
        without.setdefault(each.id.title, []).append(folds)
    return [
        name + (f", without folds {', '.join(folds)}" if any(folds) else "")
        for name, folds in without.items()
    ]


def _what_next(study: "Study") -> list[str]:
    """Return what to do next, here and on another machine."""
    from automl_skin.steps.stage_one import next_settings

    given = [word for name, value in next_settings(study).items() for word in options.as_flags(name, value)]
    there = shlex.join(["automl-skin", "search", *given, "--study", study.name])
    here = shlex.join(["automl-skin", "search", "--study", study.name, *_places(study)])
    return [
        f"Next here:  {here}",
        "Elsewhere:  copy the folder of the cache to COPY (without pixels/, if it is large); copy table, images and",
        "            weights to where these flags say, or change the flags; then give",
        f"            {there} --cache-dir COPY",
    ]


def _places(study: "Study") -> list[str]:
    """Return the flags of workspace and cache that differ from the defaults."""
    place, usual = study.workspace, Workspace.at()
    root = [] if place.root == usual.root else ["--workspace", str(place.root)]
    return [*root, *([] if place.cache == usual.cache else ["--cache-dir", str(place.cache)])]


def _megabytes(folder: "Path") -> float:
    return float(sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6)
