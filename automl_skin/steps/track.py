"""The main job as MLflow sees it; a listener whose failing store cannot stop the search.

The tracking room itself is imported when stage one is done: MLflow takes seconds to import.
"""

import sys
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from automl_skin.digests import digest_json
from automl_skin.errors import ConfigError
from automl_skin.search.material import Material
from automl_skin.search.trial import TrialRecorded
from automl_skin.steps.budget_plan import rows_of
from automl_skin.steps.events import Event, RoundEnded, SearchEnded, SearchInterrupted, StageOneEnded
from automl_skin.steps.locked import Opening
from automl_skin.steps.report import SUMMARY
from automl_skin.steps.rounds_table import rounds_in_words
from automl_skin.steps.search import SearchResult
from automl_skin.steps.track_tuning import tuning_totals, tunings_of
from automl_skin.study.config import RUNTIME
from automl_skin.study.facts import Budget, TrackingMark
from automl_skin.study.study import Study
from automl_skin.study.understood import read_understood, target_of
from automl_skin.tracking.facts import CaseFacts, Conclusion, DatasetFacts, StudyFacts

if TYPE_CHECKING:
    from automl_skin.tracking.tracker import Tracker


class Tracked:
    """Writes a study to MLflow; a `Listener`.

    Parameters
    ----------
    study : Study
    say : callable, optional
        Takes one line for the user; standard error by default.
    """

    def __init__(self, study: Study, say: Callable[[str], None] | None = None) -> None:
        self.study = study
        self.say = say or to_standard_error
        self.tracker: Tracker | None = None

    def __call__(self, event: Event) -> None:
        """Write what an event says that MLflow is told."""
        match event:
            case StageOneEnded():
                self._open(event)
            case TrialRecorded():
                self._tracker.trial_recorded(event.record)
            case RoundEnded():
                for facts in tunings_of(event.study, [event.tuning_round]):
                    self._tracker.tuned(facts)
            case SearchInterrupted(KeyboardInterrupt()):
                self._tracker.interrupted("KILLED")
            case SearchInterrupted(Exception()):
                self._tracker.interrupted("FAILED")
            case SearchEnded():
                self._tracker.conclude(conclusion_of(event.result))
            case _:
                pass  # the audit and the plan are logged with the rest, a tuning's run when it is whole

    @property
    def _tracker(self) -> "Tracker":
        assert self.tracker is not None
        return self.tracker

    def _open(self, event: StageOneEnded) -> None:
        """Make database, experiment and parent run before any worker starts, and catch up with the journal."""
        from automl_skin.tracking.tracker import Tracker

        study, material = event.study, event.material
        self.tracker = Tracker(
            study.config.tracking_uri or study.workspace.tracking_uri,
            study.workspace.runs / "artifacts",
            study_facts(study, material),
            case_facts(study, material),
            study.journal.predictions,
            self.say,
        )
        self.tracker.open(study.journal.read(), tunings_of(study, study.rounds.read()))


def tracking_digest(study: Study) -> str:
    """Return the digest by which MLflow's runs of this study are found; it is made once, and kept in its folder."""
    if not study.tracking.exists:
        own = [study.identity.read().digest, study.read_plan().digest, uuid.uuid4().hex]
        study.tracking.write(TrackingMark(digest_json(own)))
    return study.tracking.read().study_digest


def log_explanations(study: Study, folder: Path, name: str, say: Callable[[str], None]) -> bool:
    """Show a folder of explanations in the study's parent run, if it has one; return whether it has."""
    if not study.tracking.exists:
        return False
    from automl_skin.tracking.parent import log_pictures

    uri = study.config.tracking_uri or study.workspace.tracking_uri
    artifacts = study.workspace.runs / "artifacts"
    return log_pictures(uri, artifacts, (study.name, tracking_digest(study)), folder, name, say)


def register_export(study: Study, bundle: Path, tracking_uri: str | None = None) -> str:
    """Register a bundle as a version of the model that is named like the study, and return its address."""
    from automl_skin.tracking.parent import find_parent
    from automl_skin.tracking.register import model_name, register_bundle
    from automl_skin.tracking.runs import runs_of_study
    from automl_skin.tracking.store import open_store

    uri = tracking_uri or study.config.tracking_uri or study.workspace.tracking_uri
    store = open_store(uri, study.name, study.workspace.runs / "artifacts")
    parent = find_parent(runs_of_study(store, tracking_digest(study)))
    if parent is None:
        message = (
            f"{uri}: expected a run of the study {study.name}, got none; run the search again with this store"
        )
        raise ConfigError(message)
    version = register_bundle(bundle, study.name, uri, parent.info.run_id)
    return f"models:/{model_name(study.name)}/{version}"


def study_facts(study: Study, material: Material) -> StudyFacts:
    """Return what MLflow is told about a study."""
    plan = study.read_plan()
    return StudyFacts(
        study.name,
        tracking_digest(study),
        plan.digest,
        plan.waiver,
        plan.crossing_share,
        {name: _in_words(value) for name, value in study.config.identity().items()},
        {name: _in_words(getattr(study.config, name)) for name in sorted(RUNTIME)},
        dataset_facts(study, material),
    )


def dataset_facts(study: Study, material: Material) -> DatasetFacts:
    """Return the name, place, digest and size of a study's data."""
    prepared = study.prepared.read()
    plan = study.read_plan()
    profile: dict[str, int | str] = {
        "development_cases": len(plan.development),
        "locked_cases": len(plan.locked),
        "cases_without_image": len(prepared.without_image),
        "folds": len(plan.folds),
        "plan_digest": plan.digest,
        "images_digest": prepared.images,
    }
    source = "; ".join(map(str, study.config.tables)) or "built-in synthetic study"
    return DatasetFacts(study.name, source, prepared.table, dict(material.kinds), profile)


def case_facts(study: Study, material: Material) -> CaseFacts:
    """Return what the tables of predictions say about the development cases."""
    manifest = read_understood(study)
    classes = target_of(manifest).classes
    images = manifest.images.dropna(subset="path").groupby("case")["path"].agg(";".join)
    cases = material.cases
    table = pd.DataFrame(
        {
            "fold": cases["fold"],
            "label": [classes[label] for label in material.labels],
            "image": images.reindex(cases.index),
        },
        index=cases.index,
    )
    return CaseFacts(table, material.labels, classes)


def conclusion_of(outcome: SearchResult) -> Conclusion:
    """Return what is logged of a search's end."""
    study, opening = outcome.study, outcome.opening
    names = SUMMARY if opening is None else (*SUMMARY, "locked_test.png")
    files = {name: (study.report / name).read_bytes() for name in names}
    files |= {path.name: path.read_bytes() for path in study.documents}
    weights = outcome.built.stack.member_weights
    tunings = tunings_of(study, outcome.rounds)
    metrics = search_metrics(outcome)
    note = note_of(outcome)
    of_trials = {
        number: model.metrics for number, model in (outcome.shifts.trials if outcome.shifts else {}).items()
    }
    return Conclusion(
        outcome.records, weights, metrics, files, {"report": study.report}, note, tunings, of_trials
    )


def search_metrics(outcome: SearchResult) -> dict[str, float]:
    """Return the metrics of the parent run by name."""
    board = outcome.leaderboard
    states = [record.state for record in outcome.records]
    metrics = {f"trials_{state}": float(states.count(state)) for state in ("finished", "stopped", "failed")}
    metrics |= {
        "best_trial": board.best.naive,
        "best_trial_corrected": board.best.corrected,
        "best_trial_corrected_low": board.best.interval.low,
        "best_trial_corrected_high": board.best.interval.high,
        "tied_with_best": float(board.tied),
    }
    config = outcome.study.config
    if (config.metric, config.objective) == ("auc", "auc"):
        # the search stands in one list with its trials, so its figure is the one corrected for the choice
        low, high = board.best.interval.low, board.best.interval.high
        metrics |= {"auc": board.best.corrected, "auc_low": low, "auc_high": high}
    alone = outcome.study.shortcuts.read().all_facts
    if alone is not None:
        metrics |= {
            "acquisition_auc": alone.value,
            "acquisition_auc_low": alone.low,
            "acquisition_auc_high": alone.high,
        }
    if outcome.decisions is not None:
        metrics |= outcome.decisions.metrics
    if outcome.rounds:
        metrics |= tuning_totals(outcome)
    if outcome.shifts is not None:
        metrics |= outcome.shifts.metrics
    if outcome.sources is not None:
        metrics |= outcome.sources.metrics
    if outcome.budget is not None:
        metrics |= budget_metrics(outcome.budget)
    metrics |= {f"seconds_{step.replace(' ', '_')}": seconds for step, seconds in outcome.seconds.items()}
    return metrics if outcome.opening is None else {**metrics, **test_metrics(outcome.opening)}


def budget_metrics(budget: Budget) -> dict[str, float]:
    """Return what was planned and used of a study's time as metrics of the parent run."""
    whole = {"budget_seconds": budget.seconds, "budget_seconds_used": budget.seconds_used}
    parts = {
        f"budget_{step.replace(' ', '_')}_{what}": seconds
        for step, planned, used in rows_of(budget)
        for what, seconds in (("planned", planned), ("used", used))
    }
    return {**whole, **parts}


def test_metrics(opening: Opening) -> dict[str, float]:
    """Return the metrics of the locked test: those of the stack without a name, the others by theirs."""
    figures = opening.figures
    metrics = {"times_opened": float(figures.times_opened)}
    for name, model in figures.models.items():
        suffix = "" if name == figures.first else f"_{name.replace(' ', '_')}"
        metrics[f"test_auc{suffix}"] = model.auc.value
        if not suffix:
            metrics |= {"test_auc_low": model.auc.low, "test_auc_high": model.auc.high}
            for key in ("average_precision", "balanced_accuracy"):
                for end, part in (("", "value"), ("_low", "low"), ("_high", "high")):
                    metrics[f"test_{key}{end}"] = getattr(getattr(model, key), part)
            metrics |= {f"test_{key}": value for key, value in model.calibration_metrics.items()}
    if figures.at_threshold is not None:
        metrics["test_threshold"] = figures.at_threshold.threshold
        metrics |= {f"test_{name}": value for name, value in figures.at_threshold.metrics.items()}
    if figures.decided is not None:
        metrics |= {f"test_{name}": value for name, value in figures.decided.metrics.items()}
    for name, gain in figures.gains.items():
        metrics[f"test_gain_{name.replace(' ', '_')}"] = gain.value
    return metrics


def note_of(outcome: SearchResult) -> str:
    """Return the parent run's description, Markdown."""
    study = outcome.study
    lines = [
        outcome.leaderboard.best_in_words,
        f"Stack by {outcome.built.stack.method}: "
        + ", ".join(
            f"{number:03d} ({weight:.2f})" for number, weight in outcome.built.stack.member_weights.items()
        ),
    ]
    lines.append(study.shortcuts.read().describe_facts())
    if outcome.rounds:
        lines += ["Tuned:", *rounds_in_words(outcome.rounds, outcome.records)]
    lines += [
        line
        for each in (outcome.operating_point, outcome.decisions, outcome.shifts, outcome.sources)
        if each
        for line in each.lines()
    ]
    if outcome.opening is not None:
        figures = outcome.opening.figures
        lines += [f"Locked test set, opened {outcome.opening.when}:", *figures.lines()]
        lines += figures.find_disagreements(outcome.leaderboard.expected)
    return "\n".join([f"**Study {study.name}**", "", "```", *lines, "```"])


def _in_words(value: object) -> str:
    if value is None or value in ("", (), [], False):
        return ""
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def to_standard_error(line: str) -> None:
    """Tell a user of the Python functions one line."""
    sys.stderr.write(f"{line}\n")
