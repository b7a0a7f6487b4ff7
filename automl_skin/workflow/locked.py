"""The locked test set: scored first, then opened, and who opened it for what written down.

``locked/openings.json`` lists every opening. The labels (``locked/labels.parquet``) are read here and
nowhere else, after the stack is fixed and its probabilities of the locked cases are on disk.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd

from automl_skin.arrays import FloatArray
from automl_skin.chains.networks import check_applied
from automl_skin.data.record import read_labels, write_parquet
from automl_skin.errors import IntegrityError
from automl_skin.evaluation.figures import Figures, locked_figures
from automl_skin.files import read_json, write_json
from automl_skin.images.loading import Progress
from automl_skin.search.material import Material
from automl_skin.search.trial import TrialRecord
from automl_skin.stacking.fitted import needed_chains
from automl_skin.stacking.stack import Stack
from automl_skin.workflow.stack import BuiltStack, compared_stacks, fit_chains, load_stack
from automl_skin.workflow.study import Study


@dataclass(frozen=True)
class Opening:
    """One opening of the locked test set.

    Parameters
    ----------
    when : str
        UTC, ISO 8601.
    stack : str
        Digest of the stack for which it was opened.
    trials : int
        Trials that the study had.
    figures : Figures
    """

    when: str
    stack: str
    trials: int
    figures: Figures

    def to_json(self) -> dict[str, Any]:
        """Return the opening as JSON."""
        return {
            "when": self.when,
            "stack": self.stack,
            "trials": self.trials,
            "figures": self.figures.to_json(),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Opening":
        """Return the opening that `to_json` described."""
        return cls(value["when"], value["stack"], value["trials"], Figures.from_json(value["figures"]))


def read_openings(study: Study) -> list[Opening]:
    """Return all openings, the first one first."""
    path = study.locked / "openings.json"
    value: Any = read_json(path) if path.is_file() else []
    return [Opening.from_json(each) for each in value]


def has_locked_cases(study: Study) -> bool:
    """Return whether the plan has a locked part at all."""
    return len(study.read_plan().locked) > 0


def why_not_opened(study: Study) -> str:
    """Say in words why a search ended without a figure on the locked test set."""
    if not has_locked_cases(study):
        return "The plan has no locked part: there is no figure on cases that the search never saw."
    first = read_openings(study)[0]
    return (
        f"The locked test set was opened on {first.when} for another stack of this study ({first.trials} trials), "
        "and stays closed: report/locked_test.json has that stack's figures. `--open-again` opens it for this "
        "stack; every figure then says how often it was opened."
    )


def open_locked(
    study: Study,
    records: Sequence[TrialRecord],
    built: BuiltStack,
    development: Material,
    *,
    again: bool = False,
    progress: Progress | None = None,
) -> Opening | None:
    """Score the locked cases with the stack, the best trial and the baselines; then open their labels.

    Parameters
    ----------
    again : bool
        Open it although it was opened for another stack before.

    Returns
    -------
    Opening or None
        None where it was opened for another stack and `again` was not said.
    """
    openings = read_openings(study)
    for opening in openings:
        if opening.stack == built.stack.digest:
            return opening
    stacks = compared_stacks(records, built)
    fit_chains(study, records, [pair for stack in stacks.values() for pair in needed_chains(stack)], progress)
    if openings and not again:
        return None
    locked = Material.read(study.locked / "material")
    if locked.plan_digest != development.plan_digest:
        message = (
            f"the locked cases of {study.folder} must be of the plan {development.plan_digest[:16]} and are of "
            f"{locked.plan_digest[:16]}; restore the folder `locked`, or begin another study"
        )
        raise IntegrityError(message)
    probabilities = score_locked(study, stacks, locked, development)
    labels = read_labels(study.locked / "labels.parquet").loc[locked.cases.index]
    figures = locked_figures(
        locked.cases.assign(target=labels["label"]),
        probabilities,
        priors=np.bincount(development.labels, minlength=development.n_classes) / len(development.labels),
        times_opened=len(openings) + 1,
        seed=study.config.seed,
    )
    opening = Opening(
        datetime.now(tz=UTC).isoformat(timespec="seconds"), built.stack.digest, len(records), figures
    )
    write_json(study.locked / "openings.json", [each.to_json() for each in [*openings, opening]])
    return opening


def score_locked(
    study: Study, stacks: Mapping[str, Stack], locked: Material, development: Material
) -> dict[str, FloatArray]:
    """Return, by name, the probabilities of the locked cases, and write them down.

    Raises
    ------
    LeakageError
        If a tuned network was tuned under another plan, which may not have locked these cases.
    """
    fitted = {name: load_stack(study, stack, development) for name, stack in stacks.items()}
    applied = {
        each for stack in fitted.values() for chain in stack.chains.values() for each in chain.image_names
    }
    check_applied(sorted(applied), locked.inputs, development.plan_digest)
    probabilities = {name: stack.predict(locked.inputs) for name, stack in fitted.items()}
    columns = {
        f"{name}: {label}": values[:, label]
        for name, values in probabilities.items()
        for label in range(values.shape[1])
    }
    write_parquet(study.locked / "predictions.parquet", pd.DataFrame(columns, index=locked.cases.index))
    return probabilities
