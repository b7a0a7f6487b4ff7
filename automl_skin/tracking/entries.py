"""What is logged of a trial, as plain values: parameters, metrics and tags."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict

from mlflow.entities import Metric, Param, RunTag

from automl_skin.chains.config import LOGITS
from automl_skin.heads.catalogue import HEADS
from automl_skin.search.trial import TrialPlan, TrialRecord

STUDY_DIGEST = "automl_skin.study_digest"
TRIAL = "automl_skin.trial"
TUNING = "automl_skin.tuning"
SEARCH = "automl_skin.search"
"""Tag of a trial or tuning: the run of the search that it belongs to.

They are no child runs: MLflow's list would show the search alone, folded, without a figure."""

PLAN_DIGEST = "automl_skin.plan_digest"
CROSSING_SHARE = "automl_skin.crossing_share"
WAIVER = "automl_skin.waiver"

STATUS = {"finished": "FINISHED", "stopped": "KILLED", "failed": "FAILED"}
SETTING = "with_"
"""Before the name of a hyperparameter, so that it stands after whatever the chain is made of."""

MAX_VALUE_LENGTH = 5_000
"""Characters; MLflow takes 6,000 of a parameter and 8,000 of a tag."""


def trial_params(plan: TrialPlan, towers: str = "own") -> dict[str, str]:
    """Return the parameters of a trial: the chain by plain names, its settings with `SETTING` before the family's.

    MLflow's pages sort by name, and compare trials by the first three that differ: the chain has to come first.

    Parameters
    ----------
    towers : str
        How towers are tuned: the study's setting.
    """
    config = plan.config
    branch = config.branches[0]
    chain = {
        "backbone": "+".join(config.backbones),
        "fusion": config.fusion,
        "head": config.family,
        "labels": config.labels,
        "metadata_fields": "+".join(config.fields),
        "pca_components": (config.components or "none") if config.uses_image else "",
        "recipe": config.recipe,
        "roles": "+".join(config.roles),
        "towers": towers if config.towers else "",
        "tuning": config.tuning if config.uses_image else "",
        "way": config.way,
        "weighting": config.weighting,
    }
    values = asdict(branch.head)
    head = {f"{branch.family}_{name}": values[name] for name in HEADS[branch.family].space}
    said = {*chain, "components", "fields", "neural_head"}
    answers = {name: value for name, value in plan.params.items() if name not in said}
    settings = {f"{SETTING}{name}": value for name, value in {**head, **answers}.items()}
    return {name: str(value) for name, value in {**chain, **settings}.items() if value not in ("", None)}


def trial_metrics(record: TrialRecord) -> Iterator[tuple[str, float, int]]:
    """Yield name, value and step of the metrics of a trial; folds are steps; what is not finite is left out."""
    order = sorted(record.metrics, key=lambda name: name != "auc")  # the pages offer the first one first
    every = [*((name, record.metrics[name], 0) for name in order), ("seconds", record.seconds, 0)]
    every += [("fold_auc", value, fold) for fold, value in enumerate(record.aucs)]
    yield from (entry for entry in every if math.isfinite(entry[1]))


def trial_tags(record: TrialRecord) -> dict[str, str]:
    """Return the tags of a trial."""
    plan = record.plan
    kind = f"{plan.kind}: {plan.name}" if plan.kind in {"baseline", "cell"} else plan.kind
    tags = {TRIAL: str(plan.number), "kind": kind}
    if plan.config.way == LOGITS:
        tags["second_order"] = LOGITS  # a row's logits come from networks that other folds' labels tuned
    return {**tags, "reason": record.reason[:MAX_VALUE_LENGTH]} if record.reason else tags


def start_of(record: TrialRecord) -> int:
    """Return the milliseconds since 1970 at which a trial began."""
    return int(record.started * 1000)


def end_of(record: TrialRecord) -> int:
    """Return the milliseconds since 1970 at which a trial had used its seconds."""
    return int((record.started + record.seconds) * 1000)


def as_metrics(entries: Iterator[tuple[str, float, int]], timestamp: int) -> list[Metric]:
    """Return name, value and step as MLflow takes them."""
    return [Metric(name, float(value), timestamp, step) for name, value, step in entries]


def as_params(values: Mapping[str, str]) -> list[Param]:
    """Return parameters as MLflow takes them."""
    return [Param(name, value[:MAX_VALUE_LENGTH]) for name, value in values.items()]


def as_tags(values: Mapping[str, str]) -> list[RunTag]:
    """Return tags as MLflow takes them."""
    return [RunTag(name, value[:MAX_VALUE_LENGTH]) for name, value in values.items()]
