"""A study with made-up trials."""

from pathlib import Path

import numpy as np
import pandas as pd

from automl_skin.heads.space import Categorical, Integer
from automl_skin.search.known import fixed_trials
from automl_skin.search.space import SpaceOptions, choose_chain
from automl_skin.search.trial import Predictions, TrialJournal, TrialPlan, TrialRecord
from automl_skin.tracking.facts import CaseFacts, Conclusion, DatasetFacts, StudyFacts
from automl_skin.tracking.tracker import Tracker

OPTIONS = SpaceOptions(
    ("mobilenetv2_100.onnxzoo", "mobilenetv1_100.coral"), ("plain", "grey"), diagnosis=True
)


class FakeStudy:
    """Fabricates records, predictions and facts; deterministic but for the clock."""

    def __init__(self, folder: Path, n_cases: int = 200, n_classes: int = 2):
        self.folder = folder
        self.journal = TrialJournal(folder / "trials")
        self.n_cases, self.n_classes = n_cases, n_classes
        rng = np.random.default_rng(0)
        self.labels = rng.integers(n_classes, size=n_cases)
        self.classes = (
            ("benign", "malignant") if n_classes == 2 else tuple(f"class {k}" for k in range(n_classes))
        )
        self.messages: list[str] = []

    @property
    def cases(self) -> CaseFacts:
        index = pd.Index([f"case_{i:05d}" for i in range(self.n_cases)], name="case")
        table = pd.DataFrame(
            {
                "fold": np.arange(self.n_cases) % 5,
                "label": [self.classes[k] for k in self.labels],
                "image": [f"images/{i}.jpg" for i in range(self.n_cases)],
            },
            index=index,
        )
        return CaseFacts(table, self.labels, self.classes)

    def facts(self, **changes) -> StudyFacts:
        dataset = DatasetFacts(
            "moles", "/data/moles.csv", "a" * 64, {"age": "number", "sex": "category"}, {"n": 3}
        )
        values = {
            "name": "moles",
            "digest": "d" * 64,
            "plan_digest": "p" * 64,
            "waiver": None,
            "crossing_share": 0.0,
            "settings": {"target": "dx", "positive": "mel, bcc", "folds": "5", "split": ""},
            "begun_with": {"trials": "40", "jobs": "2"},
            "dataset": dataset,
        }
        return StudyFacts(**{**values, **changes})

    def plan(self, number: int) -> TrialPlan:
        fixed = fixed_trials(OPTIONS)
        if number < len(fixed):
            return fixed[number].plan
        rng = np.random.default_rng(number)
        chooser = Random(rng)
        config = choose_chain(chooser, OPTIONS)
        return TrialPlan(number, "search", config.title, chooser.params, config)

    def trial(self, number: int, state: str | None = None) -> tuple[TrialRecord, Predictions | None]:
        """Return a made-up trial; every ninth is stopped and every fourteenth failed."""
        rng = np.random.default_rng([number, 1])
        plan = self.plan(number)
        if state is None:
            state = (
                "finished"
                if number < 16 or (number % 9 and number % 14)
                else "stopped"
                if number % 9 == 0
                else "failed"
            )
        n_folds = {"finished": 5, "stopped": 3, "failed": 1}[state]
        level = 0.78 + 0.12 * (1 - np.exp(-number / 15)) * rng.uniform(0.5, 1)
        level -= 0.07 * (plan.config.fusion == "metadata")
        aucs = tuple(float(value) for value in level + 0.01 * rng.standard_normal(n_folds))
        metrics = {"folds_finished": float(n_folds), "auc": float(np.mean(aucs))}
        reasons = {
            "finished": "",
            "stopped": "below the median of finished trials after 3 folds",
            "failed": "ValueError: singular",
        }
        if state == "finished":
            metrics |= {"auc_pooled": level, "auc_low": level - 0.02, "auc_high": level + 0.02}
            metrics |= {"average_precision": level - 0.2, "balanced_accuracy": level - 0.1, "brier": 0.12}
            metrics |= {"partial_auc": 0.12, "sensitivity_at_95_specificity": level - 0.3}
        record = TrialRecord(
            plan, state, aucs, aucs, float(rng.uniform(1, 9)), 1.79e9 + 10.0 * number, reasons[state], metrics
        )
        if state != "finished":
            return record, None
        scores = rng.normal(size=(self.n_cases, self.n_classes)) + 2 * np.eye(self.n_classes)[self.labels]
        probabilities = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
        return record, Predictions(probabilities, probabilities)

    def run(self, n_trials: int, observer=None) -> list[TrialRecord]:
        """Go on to `n_trials` trials, as the search does: first the journal, then the observer."""
        for number in range(len(self.journal.read()), n_trials):
            record, predictions = self.trial(number)
            self.journal.write(record, predictions)
            if observer is not None:
                observer.trial_recorded(record)
        return self.journal.read()

    def tracker(self, uri: str, **changes) -> Tracker:
        artifacts = Path(uri.removeprefix("sqlite:///")).parent / "artifacts"
        facts = self.facts(**changes)
        return Tracker(uri, artifacts, facts, self.cases, self.journal.predictions, self.messages.append)

    def conclusion(self, weights: dict[int, float], metrics: dict[str, float] | None = None) -> Conclusion:
        metrics = {"test_auc": 0.91, "nothing": float("nan")} if metrics is None else metrics
        records = self.journal.read()
        return Conclusion(records, weights, metrics, {"leaderboard.csv": b"trial,auc\n"}, {}, "**Study**")


class Random:
    """Answers the search space's questions at random."""

    def __init__(self, rng):
        self.rng, self.params = rng, {}

    def choose(self, name, values, default):
        if isinstance(values, Categorical):
            answer = values.values[self.rng.integers(len(values.values))]  # noqa: PD011 - no DataFrame
        elif getattr(values, "log", False):
            answer = float(np.exp(self.rng.uniform(np.log(values.low), np.log(values.high))))
        else:
            answer = float(self.rng.uniform(values.low, values.high))
        self.params[name] = round(answer) if isinstance(values, Integer) else answer
        return self.params[name]
