import json

from automl_skin.tracking.view import VIEW_TAG, view_tag


def test_the_view_names_what_trials_have(store, study):
    state = json.loads(view_tag()[VIEW_TAG])
    columns = set(state["selectedColumns"])
    assert {"metrics.`auc`", "params.`backbone`", "params.`head`", "tags.`kind`"} <= columns
    assert state["orderByKey"] == "metrics.`auc`"
    parallel = next(chart for chart in state["compareRunCharts"] if chart["type"] == "PARALLEL")
    assert parallel["selectedMetrics"] == ["auc"]
    experiment = store.client.get_experiment(store.experiment_id)
    assert experiment.tags[VIEW_TAG] == view_tag()[VIEW_TAG]
