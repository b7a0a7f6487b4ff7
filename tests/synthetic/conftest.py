from pathlib import Path

import pytest

from automl_skin.synthetic.folder import SyntheticStudy
from automl_skin.synthetic.study import generate


@pytest.fixture(scope="session")
def study(tmp_path_factory: pytest.TempPathFactory) -> SyntheticStudy:
    return generate(tmp_path_factory.mktemp("synthetic") / "study", n_lesions=60, seed=3)


@pytest.fixture(scope="session")
def folder(study: SyntheticStudy) -> Path:
    return study.table.parent
