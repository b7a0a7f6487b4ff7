"""The report of a study: what people would rather look at than read, beside the figures as files."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np

from automl_skin.evaluation.figures import BEST_TRIAL
from automl_skin.evaluation.model_card import render_model_card
from automl_skin.evaluation.plots.calibration import calibration_plot
from automl_skin.evaluation.plots.curves import precision_recall_plot, roc_plot
from automl_skin.evaluation.plots.curves_of_tuning import curves_of_tuning
from automl_skin.evaluation.plots.decision_curve import decision_plot
from automl_skin.evaluation.plots.forest import forest_plot
from automl_skin.evaluation.plots.missing_metadata import missing_metadata_plot
from automl_skin.evaluation.plots.search import history_plot, spread_plot
from automl_skin.evaluation.plots.shifts import shift_plot
from automl_skin.evaluation.report.render import render_report
from automl_skin.files import write_bytes, write_text
from automl_skin.networks import FROZEN
from automl_skin.records import write_record
from automl_skin.search.material import Material
from automl_skin.search.trial import BASELINES, TrialRecord
from automl_skin.steps.card import card_facts
from automl_skin.steps.embed import find_needed
from automl_skin.steps.leaderboard import Leaderboard
from automl_skin.steps.locked import LOCKED_TEST, Opening, read_predictions
from automl_skin.steps.operating import operating_points
from automl_skin.steps.report_facts import report_facts
from automl_skin.steps.rounds_table import network_curves, rounds_table
from automl_skin.steps.stack import STACK
from automl_skin.study.locked_part import LockedPart
from automl_skin.study.round_files import Round
from automl_skin.study.stack_files import BuiltStack
from automl_skin.study.study import Study
from automl_skin.study.understood import read_understood, target_of

T = TypeVar("T")

LEADERBOARD, PAGE = "leaderboard.csv", "report.html"
SUMMARY = (LEADERBOARD, "spread.csv", "search_history.png", "spread.png")
"""What of a report is shown first: the trials as tables and pictures."""

IN_CURVES = (STACK, BEST_TRIAL, *BASELINES, FROZEN)


def write_report(
    study: Study,
    records: Sequence[TrialRecord],
    built: BuiltStack,
    board: Leaderboard,
    opening: Opening | None,
    material: Material,
) -> None:
    """Write tables, plots, the model card and the report into the study's folder ``report``."""
    folder = study.report
    write_text(folder / LEADERBOARD, board.table.to_csv())
    write_text(folder / "spread.csv", board.spread.to_csv(index=False))
    rounds = study.rounds.read()
    if rounds:
        write_text(folder / "tuning.csv", rounds_table(rounds, records).to_csv(index=False))
    drawn = pictures(study, records, board) | tuning_pictures(rounds)
    shifts = study.shifts.read(built.stack)
    if shifts is not None:
        drawn["shifts"] = shift_plot(replace(shifts, models=in_curves(shifts.models)))
    missing = study.missing_metadata.find()
    if missing is not None and missing.stack == built.stack.digest:
        drawn["missing_metadata"] = missing_metadata_plot(missing)
    if opening is not None:
        write_record(folder / LOCKED_TEST, opening)
        drawn |= locked_pictures(study, opening)
    for name, png in drawn.items():
        write_bytes(folder / f"{name}.png", png)
    networks = find_needed(study, built.stack)
    card = card_facts(study, built, material, networks, opening, operating_points(study, built, material))
    write_text(folder / "MODEL_CARD.md", render_model_card(card))
    facts = report_facts(study, records, built, board, material, card, networks, drawn)
    write_text(folder / PAGE, render_report(facts))


def pictures(
    study: Study,
    records: Sequence[TrialRecord],
    board: Leaderboard,
) -> dict[str, bytes]:
    """Return the pictures of the search, as PNG by name.

    None of the stack's out-of-fold probabilities: its members were chosen on them (promise 2).
    """
    metric = study.config.metric
    values = [record.utility if record.state == "finished" else np.nan for record in records]
    families = [record.plan.config.family for record in records]
    return {
        "search_history": history_plot(values, families, metric=metric),
        "spread": spread_plot(board.spread, metric=metric),
    }


def tuning_pictures(rounds: Sequence[Round]) -> dict[str, bytes]:
    """Return the curves of every tuning on all folds, as PNG by name."""
    outcomes = [each for this in rounds for each in this.outcomes if each.networks and not each.is_probe]
    return {
        f"tuning_{each.tuned.title.replace(' ', '_')}": curves_of_tuning(
            network_curves(each), title=each.tuned.title
        )
        for each in outcomes
    }


def locked_pictures(study: Study, opening: Opening) -> dict[str, bytes]:
    """Return the pictures of the locked test, as PNG by name.

    Raises
    ------
    IntegrityError
        If labels or probabilities are not those of the opening.
    """
    locked = Material.read(study.locked_material)
    predictions = study.locked_predictions
    _, labels = LockedPart(study).open(for_=opening.stack, trials=opening.trials, predictions=predictions)
    target = labels.loc[locked.cases.index, "label"].to_numpy(np.int64)
    models = read_predictions(predictions, list(opening.figures.models), locked)
    groups = locked.groups
    classes = target_of(read_understood(study)).classes
    first, curves = opening.figures.first, in_curves(models)
    return {
        "locked_test": forest_plot(opening.figures),
        "locked_roc": roc_plot(target, curves, groups=groups, classes=classes, seed=study.config.seed),
        "locked_precision_recall": precision_recall_plot(target, curves, classes=classes),
        "locked_calibration": calibration_plot(target, {first: models[first]}),
        **decision_pictures(opening),
    }


def decision_pictures(opening: Opening) -> dict[str, bytes]:
    """Return the picture of the decision curve as PNG by name; none for a target of several classes."""
    curve = opening.figures.decision
    return {} if curve is None else {"locked_decision": decision_plot(curve, IN_CURVES)}


def in_curves(models: Mapping[str, T]) -> dict[str, T]:
    """Return the models that get a curve; the best of each tuning and way would be too many."""
    return {name: model for name, model in models.items() if name in IN_CURVES}
