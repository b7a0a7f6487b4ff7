import shutil

import pytest
from mlflow import MlflowClient

from automl_skin.errors import ConfigError
from automl_skin.search.material import Material
from automl_skin.settings import Workspace
from automl_skin.steps.events import StageOneEnded
from automl_skin.steps.register import register_export
from automl_skin.steps.track import Tracked
from automl_skin.study.study import Study

# connections that MLflow leaves to the garbage collector
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


@pytest.fixture
def study(tiny, tmp_path):
    folder = shutil.copytree(tiny.study.folder, tmp_path / "studies" / "tiny")
    return Study("tiny", folder, tiny.study.config, Workspace.at(tmp_path, tiny.workspace.cache))


@pytest.mark.slow
def test_a_bundle_needs_the_run_of_its_study_and_becomes_a_version_of_its_model(study, tiny):
    with pytest.raises(
        ConfigError, match=r"sqlite.*: expected a run of the study .*, got none; run the search again"
    ):
        register_export(study, tiny.bundle)
    tracked = Tracked(study)
    tracked(StageOneEnded(study, None, Material.read(study.material)))
    assert register_export(study, tiny.bundle) == "models:/tiny/1"
    assert register_export(study, tiny.bundle) == "models:/tiny/1"
    uri = study.workspace.tracking_uri
    (version,) = MlflowClient(uri, uri).search_model_versions("name = 'tiny'")
    assert version.run_id == tracked.tracker.session.parent
