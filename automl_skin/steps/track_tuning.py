"""What MLflow is told of the tunings of a study."""

import math
from collections.abc import Sequence

from automl_skin.evaluation.plots.curves_of_tuning import curves_of_tuning
from automl_skin.search.tuning_steps import StepOutcome
from automl_skin.steps.rounds_table import network_curves
from automl_skin.steps.search import SearchResult
from automl_skin.steps.tune import network_store
from automl_skin.study.round_files import Round
from automl_skin.study.study import Study
from automl_skin.tracking.facts import TuningFacts

CONTACT_SHEET = "contact_sheet.png"
CURVES = "curves.png"


def tunings_of(study: Study, rounds: Sequence[Round]) -> list[TuningFacts]:
    """Return the facts of every tuning of some rounds that was begun."""
    return [
        tuning_facts(study, this, outcome)
        for this in rounds
        for outcome in this.outcomes
        if outcome.state != "skipped"
    ]


def tuning_facts(study: Study, this: Round, outcome: StepOutcome) -> TuningFacts:
    """Return what the run of a tuning shows."""
    tuned, title = outcome.tuned, outcome.tuned.title
    recipe = outcome.step.tuning.recipe.facts
    params = {
        "backbone": tuned.backbone,
        "recipe": tuned.recipe,
        "tuning": tuned.tuning,
        **{f"tuning_{name}": str(value) for name, value in recipe.items() if value != ""},
    }
    tags = {
        "round": str(this.number),
        "why": this.decision.why,
        "networks": ", ".join(outcome.folders),
        "reason": outcome.reason,
    }
    curves = network_curves(outcome)
    return TuningFacts(
        name=f"{this.number} {title}",
        title=f"{'probe' if outcome.is_probe else 'tuning'} {title}",
        state=outcome.state,
        began=outcome.began,
        seconds=outcome.seconds,
        params=params,
        tags=tags,
        metrics=tuning_metrics(outcome),
        curves=curves,
        files=tuning_files(study, outcome, title),
    )


def tuning_metrics(outcome: StepOutcome) -> dict[str, float]:
    """Return the figures of a whole tuning by name."""
    speeds = [epoch.images_per_second for network in outcome.networks for epoch in network.curve]
    return {
        "seconds": outcome.seconds,
        "inner_auc": outcome.inner_auc,
        "images_per_second": sum(speeds) / len(speeds) if speeds else math.nan,
    }


def tuning_files(study: Study, outcome: StepOutcome, title: str) -> dict[str, bytes]:
    """Return the curves as a picture, and what the first network saw where the cache still has it."""
    files = {CURVES: curves_of_tuning(network_curves(outcome), title=title)}
    if not outcome.folders:
        return files
    sheet = network_store(study).folder / outcome.folders[0] / CONTACT_SHEET
    return {**files, CONTACT_SHEET: sheet.read_bytes()} if sheet.is_file() else files


def tuning_totals(outcome: SearchResult) -> dict[str, float]:
    """Return the metrics of the parent run that say what was tuned."""
    steps = [step for this in outcome.rounds for step in this.outcomes]
    return {
        "tuning_rounds": float(len(outcome.rounds)),
        "tuning_seconds": sum(step.seconds for step in steps),
        "tunings_finished": float(sum(step.state == "finished" and not step.is_probe for step in steps)),
        "tunings_failed": float(sum(step.state == "failed" for step in steps)),
    }
