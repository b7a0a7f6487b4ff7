"""An exported bundle as a registered model: one logged model and one version for each bundle."""

import os
import tempfile
import warnings
from pathlib import Path
from typing import Any

import pandas as pd
from huggingface_hub import ModelCard
from mlflow import MlflowClient
from mlflow.entities import LoggedModel, LoggedModelOutput
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.models import Model, ModelSignature
from mlflow.types import ColSpec, DataType, Schema
from mlflow.types.schema import AnyType

from automl_skin.export.bundle import bundle_digest, read_facts
from automl_skin.export.facts import BundleFacts
from automl_skin.files import read_json
from automl_skin.scoring.columns import IMAGE, image_columns, vector_columns
from automl_skin.tracking.entries import MAX_VALUE_LENGTH, PLAN_DIGEST
from automl_skin.tracking.place import is_local

LOADER = "automl_skin.scoring.pyfunc"
BUNDLE_DIGEST = "automl_skin.bundle_digest"
# A word in a field of numbers is flagged on its row, as in `score`; MLflow's `double` would refuse the whole request.
TYPES = {"number": AnyType(), "category": DataType.string}
MLFLOW_MISSING = "RESOURCE_DOES_NOT_EXIST"


def register_bundle(bundle_folder: Path, study_name: str, tracking_uri: str, run_id: str) -> str:
    """Register a bundle as a version of the model that is named like the study.

    A bundle that is registered already keeps its version.

    Parameters
    ----------
    bundle_folder : Path
        As `automl-skin export` wrote it.
    run_id : str
        The study's parent run.

    Returns
    -------
    str
        Number of the version: ``models:/<name>/<version>``, the name as `model_name` gives it.
    """
    client = MlflowClient(tracking_uri=tracking_uri, registry_uri=tracking_uri)
    name, digest = model_name(study_name), bundle_digest(bundle_folder)
    _make_registered_model(client, name)
    registered = [
        version
        for version in client.search_model_versions(f"name = '{name}'")
        if version.tags.get(BUNDLE_DIGEST) == digest
    ]
    if registered:
        return str(registered[0].version)
    model = _log_model(client, bundle_folder, name, run_id)
    # a SQLite registry would look a models:/ address up in the process's global store
    source = model.artifact_location if is_local(tracking_uri) else f"models:/{model.model_id}"
    facts = read_facts(bundle_folder)
    tags = {BUNDLE_DIGEST: digest, PLAN_DIGEST: facts.plan, "automl_skin.stack": facts.stack}
    card = ModelCard((bundle_folder / "MODEL_CARD.md").read_text(encoding="utf-8")).text.strip()
    version: ModelVersion = client.create_model_version(
        name, source, run_id, tags, description=card[:MAX_VALUE_LENGTH], model_id=model.model_id
    )
    return str(version.version)


def model_name(study_name: str) -> str:
    """Return the registered model's name of a study.

    Examples
    --------
    >>> model_name("ham: all/2024")
    'ham- all-2024'
    """
    return study_name.replace("/", "-").replace(":", "-").replace("'", "-")


def signature_of(facts: BundleFacts) -> ModelSignature:
    """Return what a served bundle takes and gives; every metadata field may be absent."""
    images = [
        ColSpec(DataType.string, column, required=len(facts.image_roles) == 1)
        for column in image_columns(facts)
    ]
    images += [
        ColSpec(AnyType(), column, required=len(facts.image_roles) == 1)
        for each in facts.given
        for column in vector_columns(facts, each)
    ]
    fields = [ColSpec(TYPES[kind], name, required=False) for name, kind in facts.kinds.items()]
    names = ["probability"] if facts.is_binary else [f"probability_{name}" for name in facts.classes]
    probabilities = [ColSpec(DataType.double, name, required=False) for name in names]
    texts = [ColSpec(DataType.string, name) for name in ("decision", "flags", "problem")]
    return ModelSignature(Schema([*images, *fields]), Schema([*probabilities, *texts]))


def _make_registered_model(client: MlflowClient, name: str) -> None:
    try:
        client.get_registered_model(name)
    except MlflowException as error:
        if error.error_code != MLFLOW_MISSING:
            raise
        client.create_registered_model(name)


def _log_model(client: MlflowClient, bundle: Path, name: str, run_id: str) -> LoggedModel:
    """Upload the bundle as a logged model of the run."""
    facts = read_facts(bundle)
    experiment = client.get_run(run_id).info.experiment_id
    params = {"stack": facts.stack, "plan": facts.plan, "automl_skin": facts.version}
    logged = client.create_logged_model(experiment, name, run_id, params=params)
    example: Any = read_json(bundle / "input_example.json")
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model")  # noqa: PTH118 - MLflow takes text
        with warnings.catch_warnings():  # MLflow's own, about its type hints and its use of pandas
            warnings.simplefilter("ignore")
            from mlflow import pyfunc

            pyfunc.save_model(
                path,
                loader_module=LOADER,
                data_path=str(bundle),
                # not the folder, where MLflow would look for the example after the workspace was moved
                mlflow_model=Model(
                    run_id=run_id, model_id=logged.model_id, artifact_path=f"models:/{logged.model_id}"
                ),
                signature=signature_of(facts),
                input_example=_as_columns(example, facts),
                pip_requirements=[f"automl-skin=={facts.version}"],
            )
        client.log_model_artifacts(logged.model_id, path)
    client.finalize_logged_model(logged.model_id, "READY")
    client.log_outputs(run_id, [LoggedModelOutput(logged.model_id, step=0)])
    return logged


def _as_columns(example: list[dict[str, Any]], facts: BundleFacts) -> pd.DataFrame:
    """Return the bundle's example rows with the columns and types of the signature; what is null is left out."""
    table = pd.DataFrame(example).dropna(axis="columns", how="all")
    numbers = [name for name, kind in facts.kinds.items() if kind == "number" and name in table]
    first = next(iter(image_columns(facts)), IMAGE)
    return table.astype(dict.fromkeys(numbers, "float64")).rename(columns={IMAGE: first})
