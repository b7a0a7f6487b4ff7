"""The list of trials as a reader wants to find it: a view that MLflow's pages keep as a tag of the experiment.

MLflow has no documented way to set the columns of the list; this is the form in which its button "Share" saves a
view (MLflow 3.17). A version that does not know the form shows its own default.
"""

import json
from collections.abc import Mapping

VIEW = "automl-skin"
VIEW_TAG = f"mlflow.sharedViewState.{VIEW}"

METRICS = ("auc", "auc_pooled", "auc_low", "auc_high")
"""The mean of the folds' AUCs, by which trials are compared, and that of all folds together with its interval."""
PARAMS = ("backbone", "recipe", "tuning", "way", "fusion", "head", "pca_components", "weighting")
TAGS = ("kind", "stack_weight")
AXES = ("backbone", "recipe", "tuning", "way", "fusion", "head")
"""Axes of the parallel coordinates, before the AUC."""

SECTION = f"{VIEW}-charts"


def view_state() -> Mapping[str, object]:
    """Return the view: finished trials, the best AUC first, and what they are.

    Stopped trials have the AUC of their first folds, which is no figure to sort by; clearing the filter shows them.
    """
    columns = [f"metrics.`{name}`" for name in METRICS]
    columns += [f"params.`{name}`" for name in PARAMS] + [f"tags.`{name}`" for name in TAGS]
    return {
        "searchFilter": "tags.kind != 'study' and tags.kind != 'tuning' and attributes.status = 'FINISHED'",
        "orderByKey": "metrics.`auc`",
        "orderByAsc": False,
        "selectedColumns": columns,
        "runsHiddenMode": "SHOW_ALL",
        "compareRunSections": [
            {"uuid": SECTION, "name": "Trials", "display": True, "isReordered": True, "isGenerated": False}
        ],
        "compareRunCharts": [
            _chart("PARALLEL", selectedParams=list(AXES), selectedMetrics=["auc"], showAllRuns=True)
        ]
        + [_chart("BAR", metricKey=name) for name in METRICS[:1]]
        + [_chart("LINE", metricKey="fold_auc", selectedMetricKeys=["fold_auc"], xAxisKey="step")],
    }


def _chart(kind: str, **settings: object) -> dict[str, object]:
    """Return one chart of the view."""
    fixed = {"type": kind, "uuid": f"{VIEW}-{kind.lower()}", "metricSectionId": SECTION}
    return {**fixed, "runsCountToCompare": 20, "deleted": False, "isGenerated": False, **settings}


def view_tag() -> dict[str, str]:
    """Return the experiment's tag that holds the view."""
    return {VIEW_TAG: json.dumps(view_state())}


def view_address(address: str, experiment_id: str) -> str:
    """Return where the view of an experiment is.

    Examples
    --------
    >>> view_address("http://127.0.0.1:5000", "1")
    'http://127.0.0.1:5000/#/experiments/1/runs?viewStateShareKey=automl-skin&workflowType=machine_learning'
    """
    return (
        f"{address}/#/experiments/{experiment_id}/runs?viewStateShareKey={VIEW}&workflowType=machine_learning"
    )
