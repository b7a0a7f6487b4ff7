"""The step of `check`: look at data without beginning a study."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from automl_skin.errors import ConfigError, InputError, LeakageError
from automl_skin.settings import Workspace
from automl_skin.steps.events import Listener, start_progress
from automl_skin.steps.prepare import draw_plan
from automl_skin.steps.shortcuts import with_shortcuts
from automl_skin.steps.understand import Understanding, require_images, understand
from automl_skin.study.config import StudyConfig
from automl_skin.study.study import settings_of
from automl_skin.synthetic.study import generate, study_folder

MIN_FOUND = 0.1
"""Share of the images below which nearly none was found: the folder or the column is the wrong one."""


def check_data(workspace: Workspace, flags: Mapping[str, Any], tell: Listener) -> Understanding:
    """Understand and audit a table and its images; without a table, those of the synthetic study."""
    config: StudyConfig = settings_of({}, flags, "the flags")
    if config.is_synthetic:
        folder = study_folder(workspace.cache, seed=config.seed)
        made = generate(
            folder, seed=config.seed, progress=start_progress(tell, "Drawing the synthetic lesions")
        )
        config = config.with_settings({"data": [str(made.table)], "images": str(made.images)})
    understanding = understand(config.with_settings({"allow_missing": True}), workspace.cache, tell)
    try:
        require_images(understanding, allow_missing=config.allow_missing)
        plan = draw_plan(config, understanding)
    except (ConfigError, InputError, LeakageError) as error:  # a search would refuse it, and says so
        return replace(understanding, refusal=str(error))
    return with_shortcuts(understanding, config, plan)


def require_found(understanding: Understanding) -> None:
    """Refuse a table of whose images none, or nearly none, is in the folder.

    Raises
    ------
    InputError
    """
    manifest = understanding.manifest
    if not manifest.has_photographs:
        return
    n_images, n_found = len(manifest.images), int((manifest.images["status"] == "found").sum())
    if n_found < MIN_FOUND * n_images:
        message = (
            f"expected the images of the table in {manifest.images_root}, got {n_found:,} of {n_images:,}: "
            "see the notes on the images above, and check --images and --image-column"
        )
        raise InputError(message)
