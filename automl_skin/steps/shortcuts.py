"""How far metadata and facts of acquisition reach without a photograph, on the plan's development cases."""

from dataclasses import replace

import numpy as np

from automl_skin.data.acquisition import acquisition_facts
from automl_skin.data.plan import FoldPlan
from automl_skin.data.strength import Shortcuts, find_shortcuts
from automl_skin.steps.understand import Understanding
from automl_skin.study.config import StudyConfig


def with_shortcuts(understanding: Understanding, config: StudyConfig, plan: FoldPlan) -> Understanding:
    """Return what was understood with the figures of its shortcuts; locked cases take no part."""
    return replace(understanding, shortcuts=measure_shortcuts(understanding, config, plan))


def measure_shortcuts(understanding: Understanding, config: StudyConfig, plan: FoldPlan) -> Shortcuts:
    """Return the figures, by the labels of the development cases alone."""
    manifest = understanding.manifest.select(plan.development)
    return find_shortcuts(
        manifest.metadata,
        acquisition_facts(manifest, understanding.inspection.table),
        manifest.cases["label"].to_numpy(np.int64),
        plan.table.loc[plan.development],
        allowed=config.allow,
        seed=config.seed,
    )
