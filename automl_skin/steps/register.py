"""Registering an exported bundle as a model in MLflow."""

from pathlib import Path

from automl_skin.errors import ConfigError
from automl_skin.study.study import Study


def register_export(study: Study, bundle: Path, tracking_uri: str | None = None) -> str:
    """Register a bundle as a version of the model that is named like the study, and return its address."""
    from automl_skin.steps.track import tracking_digest
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
