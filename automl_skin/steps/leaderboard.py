"""What the trials of a study came to: who leads, how optimistic its figure is, and who is tied."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from automl_skin.arrays import FloatArray, IntArray
from automl_skin.chains.calibration import fit_calibrator
from automl_skin.evaluation.figures import BEST_TRIAL
from automl_skin.evaluation.record import in_words
from automl_skin.metrics.intervals import Interval, fewest_groups
from automl_skin.metrics.parts import MIN_GROUPS
from automl_skin.metrics.selection import CorrectedBest, examine_choice
from automl_skin.search.material import Material
from automl_skin.search.trial import TrialRecord
from automl_skin.stacking.methods import Rows
from automl_skin.steps.stack import STACK, finished, groups_of, out_of_fold
from automl_skin.study.config import StudyConfig
from automl_skin.study.study import Study

UNDER_SHIFT = ("auc_shifted", "auc_shifted_worst")
CORRECTED = ("auc_corrected", "auc_corrected_low", "auc_corrected_high")


@dataclass(frozen=True)
class Leaderboard:
    """The trials in order, and what having chosen the best of them means.

    Parameters
    ----------
    table : DataFrame
        One row per trial: finished ones, the best first; then stopped and failed ones. ``auc`` is the mean over folds,
        ``auc_pooled`` is over all folds together, with ``auc_low`` and ``auc_high`` around it; ``enough`` is false
        where the cases are too few to tell by that interval. All of these are of all trials alike and not corrected.
        ``auc_corrected``, with its ``_low`` and ``_high``, is of the best trial alone, where the AUC was maximised:
        its mean over folds, corrected for the choice. ``best`` marks it, and ``tied`` the others that may be as good.
    spread : DataFrame
        Best value of the study's metric by backbone, tuning, fusion and head, with the number of trials.
    best : CorrectedBest
        The best trial's figure by the study's objective, corrected for the choice (BBC-CV).
    tied : int
        Other finished trials that may be as good as the best.
    expected : dict of str to Interval
        Out-of-fold AUC of what the locked test set is opened for, where it is honest: of the simple baselines, and
        corrected for the choice of the best trial.
    """

    table: pd.DataFrame
    spread: pd.DataFrame
    best: CorrectedBest
    tied: int
    expected: dict[str, Interval]

    @property
    def best_in_words(self) -> str:
        """What the best trial reached, what is left of it once it is corrected, and how many are tied with it."""
        others = "1 other trial is" if self.tied == 1 else f"{self.tied} other trials are"
        return (
            f"Best trial, mean over folds: {self.best.naive:.4f}; corrected for the choice among {len(self.table)}: "
            f"{in_words(self.best.interval, digits=4)}. {others} tied with it."
        )


def make_leaderboard(study: Study, records: Sequence[TrialRecord], material: Material) -> Leaderboard:
    """Return the leaderboard of a study."""
    rows = out_of_fold(study, records, material)
    numbers, probabilities = _candidates(study, records, rows)
    groups = groups_of(study, rows, material)
    choice = examine_choice(rows.by_fold, probabilities, groups, seed=study.config.seed)
    best, number = choice.best, numbers[choice.best.best]
    tied = {other for other, is_tied in zip(numbers, choice.tied, strict=True) if is_tied} - {number}
    shifted = shifted_figures(study, records)
    order = [*finished(records), *(record for record in records if record.state != "finished")]
    table = pd.DataFrame([_row(record, tied, shifted) for record in order]).set_index("trial")
    table.loc[number, "best"] = True
    if _chosen_by_auc(study):
        table.loc[number, list(CORRECTED)] = best.corrected, best.interval.low, best.interval.high
    enough = fewest_groups(material.labels, material.groups) >= MIN_GROUPS
    table["enough"] = enough
    return Leaderboard(
        table, _spread(table), best, len(tied), expected_aucs(study, records, best, enough=enough)
    )


def _candidates(study: Study, records: Sequence[TrialRecord], rows: Rows) -> tuple[list[int], FloatArray]:
    """Return numbers and out-of-fold probabilities of all that the best trial was chosen from.

    These are what the search has looked at: raw probabilities, calibrated where it judges decisions; of stopped trials
    on the folds that they finished.
    With the objective ``robust`` there are no raw ones under shift: the finished trials take part alone, calibrated.
    """
    if rows.shift is not None:
        return list(rows.numbers), rows.probabilities
    numbers = [
        record.plan.number
        for record in records
        if record.state == "finished" or (record.state == "stopped" and record.utilities)
    ]
    raw = np.stack([study.journal.raw(number) for number in numbers])
    if study.scored_by().rule_for(raw.shape[2]) is None:
        return numbers, raw
    return numbers, np.stack([calibrate_known(each, rows.labels, rows.folds) for each in raw])


def calibrate_known(raw: FloatArray, labels: IntArray, folds: IntArray) -> FloatArray:
    """Calibrate each fold that a trial finished on the others, as the search does; the rest stays NaN."""
    calibrated, known = np.full(raw.shape, np.nan), np.isfinite(raw).all(axis=1)
    for fold in np.unique(folds[known]):
        held = folds == fold
        others = known & ~held
        fitted = others if others.any() else held
        calibrated[held] = fit_calibrator(raw[fitted], labels[fitted]).apply(raw[held])
    return calibrated


def expected_aucs(
    study: Study, records: Sequence[TrialRecord], best: CorrectedBest, *, enough: bool
) -> dict[str, Interval]:
    """Return the out-of-fold AUC of the baselines, and of the best trial where the search maximised the AUC.

    What the best trial is corrected to stands for the stack too. The stack's own figure was chosen on, by methods and
    members, and would need every trial fitted without two folds to be honest; so it is given nowhere.
    """
    baselines = {
        record.plan.name: Interval(
            record.metrics["auc_pooled"], record.metrics["auc_low"], record.metrics["auc_high"], enough
        )
        for record in records
        if record.plan.kind == "baseline" and record.state == "finished"
    }
    if not _chosen_by_auc(study):
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


def measure_of(config: StudyConfig) -> str:
    """Return what the search maximised, in words; empty where that is the mean of the folds' AUCs, as in the table."""
    if (config.metric, config.objective) == ("auc", "auc"):
        return ""
    metric = config.metric.replace("auc", "AUC").replace("_", " ")
    return metric if config.objective == "auc" else f"{metric}, {config.objective}"


def _chosen_by_auc(study: Study) -> bool:
    return not measure_of(study.config)


def _row(
    record: TrialRecord, tied: set[int], shifted: Mapping[int, Mapping[str, float]]
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
        "auc_pooled": metrics.get("auc_pooled"),
        "auc_low": metrics.get("auc_low"),
        "auc_high": metrics.get("auc_high"),
        **dict.fromkeys(CORRECTED, np.nan),
        **{name: shifted.get(record.plan.number, {}).get(name) for name in UNDER_SHIFT},
        "utility": record.utility,
        "best": False,
        "tied": record.plan.number in tied,
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
