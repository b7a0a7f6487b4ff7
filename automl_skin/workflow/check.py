"""Looking at data without beginning a study."""

from collections.abc import Mapping
from typing import Any

from automl_skin.search.config import StudyConfig
from automl_skin.settings import Workspace
from automl_skin.synthetic.study import generate, study_folder
from automl_skin.workflow.study import settings_of
from automl_skin.workflow.understand import Reporter, Understanding, understand


def check_data(workspace: Workspace, flags: Mapping[str, Any], report: Reporter) -> Understanding:
    """Understand and audit a table and its images; without a table, those of the synthetic study."""
    config: StudyConfig = settings_of({}, flags, "the flags")
    if config.is_synthetic:
        folder = study_folder(workspace.cache, seed=config.seed)
        made = generate(folder, seed=config.seed, progress=report("Drawing the synthetic lesions"))
        config = config.with_settings({"data": [str(made.table)], "images": str(made.images)})
    return understand(config.with_settings({"allow_missing": True}), workspace.cache, report)
