import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # the fabricated study, also for the child that is killed
import fabricated

from automl_skin.tracking.store import Store, open_store

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items):
    for item in items:
        if HERE in item.path.parents:
            # connections that MLflow and the web framework below its pages leave to the garbage collector
            item.add_marker(pytest.mark.filterwarnings("ignore::ResourceWarning"))


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    """A store's database, made once: its migrations take seconds."""
    folder = tmp_path_factory.mktemp("template")
    open_store(f"sqlite:///{folder / 'mlflow.db'}", "unused", folder / "artifacts")
    return folder / "mlflow.db"


@pytest.fixture
def uri(template, tmp_path):
    (tmp_path / "mlruns").mkdir()
    shutil.copy(template, tmp_path / "mlruns" / "mlflow.db")
    return f"sqlite:///{tmp_path / 'mlruns' / 'mlflow.db'}"


@pytest.fixture
def store(uri, tmp_path) -> Store:
    return open_store(uri, "moles", tmp_path / "mlruns" / "artifacts")


@pytest.fixture
def study(tmp_path):
    return fabricated.FakeStudy(tmp_path / "study")
