"""automl-skin as a tool of the bench: its own steps from the plan to the opened locked part, on given embeddings.

What comes before, decoding and networks, is not run; all that makes a figure is: the search for leaks, the plan,
trials, calibration, the stack, the correction for choices, the threshold, the locked part with its one reader.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

from automl_skin.arrays import FloatArray
from automl_skin.chains.inputs import CaseInputs
from automl_skin.data.groups import connected_groups
from automl_skin.data.leaks import find_leaks
from automl_skin.data.plan import FoldPlan, make_plan
from automl_skin.evaluation.figures import Figures
from automl_skin.features.encoder import Kind
from automl_skin.metrics.intervals import Interval
from automl_skin.networks import NetworkId
from automl_skin.papers.honesty.claims import BASELINE, BEST, STACK, Claims
from automl_skin.papers.honesty.worlds import Cases
from automl_skin.search.material import Material
from automl_skin.settings import Workspace
from automl_skin.stacking.fitted import FittedStack
from automl_skin.steps.leaderboard import make_leaderboard
from automl_skin.steps.locked import open_locked
from automl_skin.steps.stack import build_stack, compared_stacks, load_stack
from automl_skin.steps.trials import run_trials
from automl_skin.study.development_labels import write_development_labels
from automl_skin.study.facts import PreparedDigests
from automl_skin.study.locked_part import LockedPart
from automl_skin.study.study import Study, begin, open_study

CLASSES = ("benign", "malignant")
NETWORK = NetworkId("given", "plain")


@dataclass(frozen=True)
class OurTool:
    """A search with some settings; a `Tool`.

    Parameters
    ----------
    settings : mapping of str to value
        Of a study.
    """

    settings: Mapping[str, Any]

    def __call__(self, cases: Cases, seed: int) -> Claims:
        """Search, open the locked part, and return what is claimed."""
        with TemporaryDirectory() as folder:
            place = Workspace.at(Path(folder), Path(folder) / "cache")
            study = open_study(place, "simulated", {**self.settings, "seed": seed % 2**31, "jobs": 1})
            fields = keep_fields(cases, draw_plan(study, cases))
            prepare_study(study, cases, fields)
            return claim(study, fields)


def draw_plan(study: Study, cases: Cases) -> FoldPlan:
    """Deal the cases by their patients."""
    index = cases.metadata.index
    ids = pd.DataFrame({"patient": [f"patient-{each}" for each in cases.patients]}, index=index)
    strata = pd.DataFrame({"class": [CLASSES[label] for label in cases.labels]}, index=index)
    config = study.config
    return make_plan(
        connected_groups(ids), strata, folds=config.folds, locked_share=config.locked_share, seed=config.seed
    )


def keep_fields(cases: Cases, plan: FoldPlan) -> list[str]:
    """Return the metadata that development cases do not show to be leaks."""
    rows = cases.metadata.index.isin(plan.development)
    leaks = find_leaks(cases.metadata[rows], pd.Series(cases.labels[rows]))
    return [
        str(name) for name in cases.metadata.columns.difference([each.column for each in leaks], sort=False)
    ]


def prepare_study(study: Study, cases: Cases, fields: list[str]) -> None:
    """Write plan, labels and the material of both parts, as preparing and embedding do."""
    begin(study)
    plan = draw_plan(study, cases)
    plan.write(study.folder)
    index = cases.metadata.index
    diagnosis = [CLASSES[label] for label in cases.labels]
    labels = pd.DataFrame({"label": cases.labels, "diagnosis": diagnosis}, index=index)
    images = pd.DataFrame({"case": index, "path": index})
    locked = LockedPart(study).put_away(
        labels.loc[plan.locked], images, pd.Series([f"{study.config.seed} {case}" for case in index], index)
    )
    written = write_development_labels(study, labels.loc[plan.development])
    study.prepared.write(
        PreparedDigests(labels=written, **locked, plan=plan.digest, table="", images="", without_image=())
    )
    for folder, part in ((study.material, plan.development), (study.locked_material, plan.locked)):
        material = material_of(cases, plan, part, fields)
        known = labels.loc[part].rename(columns={"label": "target"})
        if folder == study.material:
            material = Material(material.cases.join(known), *(vars(material)[name] for name in _REST))
        material.write(folder)


_REST = ("inputs", "kinds", "class_of", "n_classes", "plan_digest")


def material_of(cases: Cases, plan: FoldPlan, part: "pd.Index[str]", fields: list[str]) -> Material:
    """Return the material of some cases, without labels."""
    table = plan.table.loc[part, ["fold", "group"]].astype({"fold": "int64", "group": "str"})
    table = table.assign(lesion=part.astype("str"), has_image=True)
    inputs = inputs_of(cases, fields).take(cases.metadata.index.get_indexer(part))
    kinds = {name: kind_of(cases.metadata[name]) for name in fields}
    class_of = {name: label for label, name in enumerate(CLASSES)}
    return Material(table, inputs, kinds, class_of, len(CLASSES), plan.digest)


def inputs_of(cases: Cases, fields: list[str]) -> CaseInputs:
    """Return what chains are given of cases."""
    return CaseInputs(
        {str(NETWORK): cases.embeddings}, np.ones(len(cases), np.bool_), cases.metadata[fields].copy()
    )


def kind_of(column: "pd.Series[Any]") -> Kind:
    """Return the kind of a metadata field."""
    return "number" if pd.api.types.is_numeric_dtype(column) else "category"


def claim(study: Study, fields: list[str]) -> Claims:
    """Run the steps of a search behind stage one, and return what they claim."""
    material = Material.read(study.material)
    records = run_trials(study, material)
    built = build_stack(study, records, material)
    opening = open_locked(study, records, built, material)
    assert opening is not None
    board = make_leaderboard(study, records, material)
    figures = {**claims_of_models(opening.figures, board.expected), **claims_of_stack(opening.figures)}
    stacks = compared_stacks(records, built)
    fitted = {
        name: load_stack(study, stacks[name], material) for name in ("stack", "best trial", "metadata alone")
    }
    priors = np.bincount(material.labels, minlength=2) / len(material.labels)
    at = opening.figures.at_threshold
    assert at is not None
    return Claims(figures, Models(fitted, fields), at.threshold, priors, tuple(fields))


def claims_of_models(figures: Figures, expected: Mapping[str, Interval]) -> dict[str, Interval]:
    """Return what is said of AUCs, on locked cases and out of fold."""
    titles = {STACK: "stack", BEST: "best trial", BASELINE: "baseline"}
    return {
        **{f"AUC of the {title}, locked": figures.models[name].auc for name, title in titles.items()},
        **{
            f"AUC of the {titles[name]}, out of fold": expected[name]
            for name in (STACK, BEST)
            if name in expected
        },
        "gain over the baseline, locked": figures.gains[BASELINE],
    }


def claims_of_stack(figures: Figures) -> dict[str, Interval]:
    """Return what is said of the stack's probabilities and decisions on locked cases."""
    at, stack = figures.at_threshold, figures.models[STACK]
    assert at is not None
    slope = known_interval(stack.calibration_slope, stack.calibration_slope_low, stack.calibration_slope_high)
    claims = {
        "calibration slope": slope,
        "average precision": stack.average_precision,
        "balanced accuracy": stack.balanced_accuracy,
        "sensitivity at the threshold": at.sensitivity,
        "specificity at the threshold": at.specificity,
        "PPV at the threshold": at.ppv,
        "NPV at the threshold": at.npv,
    }
    asked = Interval(at.wanted, float("nan"), float("nan"))
    return {
        "sensitivity asked for": asked,
        **{f"{name}, locked": each for name, each in claims.items() if each is not None},
    }


def known_interval(value: float | None, low: float | None, high: float | None) -> Interval | None:
    """Return an interval; None where an end is not known."""
    return None if value is None or low is None or high is None else Interval(value, low, high)


@dataclass(frozen=True)
class Models:
    """The fitted stacks of a study, asked about new cases."""

    fitted: Mapping[str, FittedStack]
    fields: list[str]

    def __call__(self, new: Cases) -> dict[str, FloatArray]:
        """Return the probabilities by name, (n_cases, 2) each."""
        inputs = inputs_of(new, self.fields)
        return {name: each.predict(inputs) for name, each in self.fitted.items()}
