"""What the data was understood to be, as it lies in a study: the locked cases apart from all others.

``understood/`` says nothing of a locked case but the content of its photographs; what the table says of the locked
cases lies in ``locked/understood/``. Neither has a label.
"""

from dataclasses import replace

import pandas as pd

from automl_skin.data.manifest import Manifest
from automl_skin.data.plan import FoldPlan
from automl_skin.study.study import Study


def write_understood(study: Study, manifest: Manifest, plan: FoldPlan) -> None:
    """Write a manifest in two parts, that of the locked cases and that of all others.

    Its findings count all cases and are in the audit; here they would tell of the locked ones.
    """
    plain = replace(manifest, findings=(), roles=replace(manifest.roles, doubts={}))
    others = manifest.cases.index.difference(plan.locked, sort=False)
    plain.select(others).write(study.folder / "understood")
    if len(plan.locked):
        plain.select(plan.locked).write(study.locked / "understood")


def read_understood(study: Study) -> Manifest:
    """Return the manifest of all cases, in the order of the plan; it has no labels.

    Raises
    ------
    IntegrityError
        If a part is not there as a whole, or was changed.
    """
    others = Manifest.read(study.folder / "understood")
    plan = study.read_plan()
    if not len(plan.locked):
        return others
    locked = Manifest.read(study.locked / "understood")
    both = replace(
        others,
        cases=pd.concat([others.cases, locked.cases]),
        images=pd.concat([others.images, locked.images], ignore_index=True),
        metadata=pd.concat([others.metadata, locked.metadata]),
    )
    planned = plan.table.index
    return both.select([*planned, *both.cases.index.difference(planned, sort=False)])
