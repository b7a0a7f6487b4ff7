"""What the trials of a study came to: who leads, how optimistic its figure is, and who is tied."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from automl_skin.evaluation.figures import BEST_TRIAL
from automl_skin.metrics.intervals import Interval
from automl_skin.metrics.selection import CorrectedBest, bbc_cv, tied_with_best
from automl_skin.search.material import Material
from automl_skin.search.trial import TrialRecord
from automl_skin.steps.stack import STACK, finished, groups_of, out_of_fold
from automl_skin.study.study import Study

N_RESAMPLES = 200
UNDER_SHIFT = ("auc_shifted", "auc_shifted_worst")


@dataclass(frozen=True)
class Leaderboard:
    """The trials in order, and what having chosen the best of them means.

    Parameters
    ----------
    table : DataFrame
        One row per trial: finished ones, the best first; then stopped and failed ones.
    spread : DataFrame
        Best value of the study's metric by backbone, tuning, fusion and head, with the number of trials.
    best : CorrectedBest
        The best trial's figure by the study's objective, corrected for the choice (BBC-CV).
    tied : int
        Finished trials, the best included, whose paired difference to the best may be 0.
    expected : dict of str to Interval
        Out-of-fold AUC of what the locked test set is opened for, where it is honest: of the simple baselines, and
        corrected for the choice of the best trial.
    """

    table: pd.DataFrame
    spread: pd.DataFrame
    best: CorrectedBest
    tied: int
    expected: dict[str, Interval]


def make_leaderboard(study: Study, records: Sequence[TrialRecord], material: Material) -> Leaderboard:
    """Return the leaderboard of a study."""
    rows = out_of_fold(study, records, material)
    groups, seed = groups_of(study, rows, material), study.config.seed
    chosen: Any = {"metric": rows.objective, "n_resamples": N_RESAMPLES, "seed": seed}
    best = bbc_cv(rows.labels, rows.probabilities, groups, **chosen)
    tied = tied_with_best(rows.labels, rows.probabilities, groups, **chosen)
    shifted = shifted_figures(study, records)
    is_tied = dict(zip(rows.numbers, tied, strict=True))
    order = [*finished(records), *(record for record in records if record.state != "finished")]
    table = pd.DataFrame([_row(record, is_tied, shifted) for record in order]).set_index("trial")
    return Leaderboard(table, _spread(table), best, int(np.sum(tied)), expected_aucs(study, records, best))


def expected_aucs(study: Study, records: Sequence[TrialRecord], best: CorrectedBest) -> dict[str, Interval]:
    """Return the out-of-fold AUC of the baselines, and of the best trial where the search maximised the AUC.

    What the best trial is corrected to stands for the stack too, whose own figure no correction exists for.
    """
    baselines = {
        record.plan.name: Interval(
            record.metrics["auc_pooled"], record.metrics["auc_low"], record.metrics["auc_high"]
        )
        for record in records
        if record.plan.kind == "baseline" and record.state == "finished"
    }
    if study.config.metric != "auc" or study.config.objective == "robust":
        return baselines
    return {STACK: best.interval, BEST_TRIAL: best.interval, **baselines}


def trial_table(records: Sequence[TrialRecord]) -> pd.DataFrame:
    """Return one row per trial, by number, without anything that depends on the clock."""
    return pd.DataFrame(
        [
            {
                "trial": record.plan.number,
                "kind": record.plan.kind,
                "name": record.plan.name,
                "state": record.state,
                "utilities": list(record.utilities),
                **{f"param_{name}": value for name, value in record.plan.params.items()},
                **record.metrics,
            }
            for record in records
        ]
    ).set_index("trial")


def shifted_figures(study: Study, records: Sequence[TrialRecord]) -> dict[int, Mapping[str, float]]:
    """Return the figures under shift of the trials that have them: leading ones, or all of a robust study."""
    own = {record.plan.number: record.metrics for record in records if "auc_shifted" in record.metrics}
    measured = study.shifts.read()
    return own if measured is None else {**own, **{n: each.metrics for n, each in measured.trials.items()}}


def _row(
    record: TrialRecord, is_tied: dict[int, bool], shifted: Mapping[int, Mapping[str, float]]
) -> dict[str, object]:
    config, metrics = record.plan.config, record.metrics
    baseline = record.plan.kind == "baseline"
    return {
        "trial": record.plan.number,
        "what": record.plan.name if baseline else record.plan.kind,
        "backbone": "+".join(config.backbones) or "-",
        "recipe": config.recipe or "-",
        "tuning": config.tuning if config.uses_image else "-",
        "way": config.way or "-",
        "fusion": config.fusion,
        "head": config.family,
        "auc": metrics.get("auc"),
        "auc_low": metrics.get("auc_low"),
        "auc_high": metrics.get("auc_high"),
        **{name: shifted.get(record.plan.number, {}).get(name) for name in UNDER_SHIFT},
        "utility": record.utility,
        "tied": bool(is_tied.get(record.plan.number, False)),
        "state": record.state,
        "reason": record.reason,
        "folds": len(record.utilities),
        "seconds": round(record.seconds, 1),
    }


def _spread(table: pd.DataFrame) -> pd.DataFrame:
    """Return how far each kind of chain came, from the table of a leaderboard."""
    finished = table["utility"].where(table["state"] == "finished")
    kinds = ["backbone", "tuning", "fusion", "head"]
    grouped = table.assign(best=finished).groupby(kinds, as_index=False)
    spread: pd.DataFrame = grouped.agg(
        trials=("best", "size"), finished=("best", "count"), best=("best", "max")
    )
    return spread.sort_values("best", ascending=False, ignore_index=True)


def read_leaderboard(study: Study) -> Leaderboard:
    """Return the leaderboard of a study as it is now, also while its search runs."""
    return make_leaderboard(study, study.journal.read(), Material.read(study.material))
