"""The parent run of a study: one for all its calls, with what the study is and what it came to."""

import json
from collections.abc import Callable
from pathlib import Path

from mlflow.entities import Dataset, DatasetInput, InputTag, Run

from automl_skin.settings import user_name
from automl_skin.tracking.entries import (
    CROSSING_SHARE,
    PLAN_DIGEST,
    STUDY_DIGEST,
    TRIAL,
    TUNING,
    WAIVER,
    as_params,
    as_tags,
)
from automl_skin.tracking.facts import DatasetFacts, StudyFacts
from automl_skin.tracking.runs import runs_of_study
from automl_skin.tracking.store import FAILURES, Store, open_store

DATASET_DIGEST_LENGTH = 36
"""Characters that MLflow takes; the whole digest is a tag."""


def shared_tags(facts: StudyFacts) -> dict[str, str]:
    """Return the tags that every run of a study has."""
    tags = {
        "mlflow.user": user_name(),
        "mlflow.source.name": "automl-skin",
        "mlflow.source.type": "LOCAL",
        STUDY_DIGEST: facts.digest,
        PLAN_DIGEST: facts.plan_digest,
    }
    if facts.waiver is None:
        return tags
    return {**tags, WAIVER: facts.waiver, CROSSING_SHARE: f"{facts.crossing_share:.4f}"}


def find_parent(runs: list[Run]) -> Run | None:
    """Return the parent run among the runs of a study."""
    return next((run for run in runs if not {TRIAL, TUNING} & set(run.data.tags)), None)


def open_parent(store: Store, facts: StudyFacts, found: Run | None) -> str:
    """Begin the parent run, or resume the one that was found, and return its id."""
    tags = {**shared_tags(facts), "kind": "study", "automl_skin.table_digest": facts.dataset.digest}
    if found is None:
        found = store.client.create_run(store.experiment_id, tags=tags, run_name=facts.name)
    else:
        store.client.update_run(found.info.run_id, status="RUNNING")
    run_id = str(found.info.run_id)
    settings = {f"study_{name}": value for name, value in facts.settings.items() if value}
    missing = {name: value for name, value in settings.items() if name not in found.data.params}
    may_change = {f"automl_skin.{name}": value for name, value in facts.begun_with.items() if value}
    store.client.log_batch(run_id, params=as_params(missing), tags=as_tags({**tags, **may_change}))
    if not found.inputs or not found.inputs.dataset_inputs:
        store.client.log_inputs(run_id, [dataset_input(facts.dataset)])
    return run_id


def dataset_input(facts: DatasetFacts) -> DatasetInput:
    """Return the data as MLflow shows it: name, place and digest; no row of it."""
    types = {"number": "double", "category": "string"}
    schema = [{"name": name, "type": types[kind], "required": False} for name, kind in facts.columns.items()]
    dataset = Dataset(
        name=facts.name,
        digest=facts.digest[:DATASET_DIGEST_LENGTH],
        source_type="local",
        source=json.dumps({"uri": facts.source}),
        schema=json.dumps({"mlflow_colspec": schema}),
        profile=json.dumps(dict(facts.profile)),
    )
    return DatasetInput(dataset, [InputTag("mlflow.data.context", "training")])


def log_pictures(
    uri: str,
    artifacts: Path,
    study: tuple[str, str],
    folder: Path,
    name: str,
    say: Callable[[str], None],
) -> bool:
    """Write a folder's files as artefacts of a study's parent run; return whether there is one and it was written.

    Parameters
    ----------
    artifacts : Path
        Folder of the artefacts of a SQLite store.
    study : tuple of str
        Name and digest, as the runs have them.
    name : str
        Of the artefacts' folder.
    say : callable
        Takes one line for the user, if the store cannot be written.
    """
    try:
        store = open_store(uri, study[0], artifacts)
        parent = find_parent(runs_of_study(store, study[1]))
        if parent is not None:
            store.client.log_artifacts(parent.info.run_id, str(folder), name)
    except FAILURES as error:
        say(f"MLflow could not be written ({error}); the pictures lie in {folder}")
        return False
    return parent is not None
