"""What the data was understood to be, as it lies in a study: the locked cases apart from all others.

``understood/`` says nothing of a locked case but the content of its photographs; what the table says of the locked
cases lies in ``locked/understood/``. Neither has a label.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from automl_skin.data.manifest import Manifest
from automl_skin.data.plan import FoldPlan
from automl_skin.data.record import write_parquet
from automl_skin.data.target import Target
from automl_skin.images.known_photographs import LOOK_LENGTH, KnownPhotographs, Looks
from automl_skin.study.study import Study


def write_understood(study: Study, manifest: Manifest, plan: FoldPlan) -> None:
    """Write a manifest in two parts, that of the locked cases and that of all others.

    Its findings count all cases and are in the audit; here they would tell of the locked ones.
    """
    plain = replace(manifest, findings=(), roles=replace(manifest.roles, doubts={}))
    others = manifest.cases.index.difference(plan.locked, sort=False)
    plain.select(others).write(_folder(study))
    if len(plan.locked):
        plain.select(plan.locked).write(study.locked / _folder(study).name)


def read_understood(study: Study) -> Manifest:
    """Return the manifest of all cases, in the order of the plan; it has no labels.

    Raises
    ------
    IntegrityError
        If a part is not there as a whole, or was changed.
    """
    others = Manifest.read(_folder(study))
    plan = study.read_plan()
    if not len(plan.locked):
        return others
    locked = Manifest.read(study.locked / _folder(study).name)
    both = replace(
        others,
        cases=pd.concat([others.cases, locked.cases]),
        images=pd.concat([others.images, locked.images], ignore_index=True),
        metadata=pd.concat([others.metadata, locked.metadata]),
    )
    planned = plan.table.index
    return both.select([*planned, *both.cases.index.difference(planned, sort=False)])


def read_sources(study: Study) -> "pd.Series[Any]":
    """Return the source of every case; empty where a study began with given embeddings, without a table."""
    if not _folder(study).is_dir():
        return pd.Series(dtype=object)
    return read_understood(study).cases["source"]


def target_of(manifest: Manifest) -> Target:
    """Return the target of a study's manifest, which always has one."""
    assert manifest.target is not None
    return manifest.target


def write_contents(study: Study, contents: pd.DataFrame, looks: Looks) -> None:
    """Write which photographs can be read.

    Parameters
    ----------
    contents : DataFrame of n_photographs rows
        Columns ``path`` and ``content``, the digest of the file's bytes.
    looks : ndarray of shape (n_photographs, 192)
        As from `automl_skin.images.known_photographs.look_at`.
    """
    write_parquet(_contents(study), contents.assign(look=[look.tobytes() for look in looks]))


def read_contents(study: Study) -> pd.DataFrame:
    """Return the table that `write_contents` was given."""
    return pd.read_parquet(_contents(study)).drop(columns="look")


def photographs_of(study: Study, cases: "pd.Index[str]") -> KnownPhotographs:
    """Return the readable photographs of some cases by digest and look."""
    images = read_understood(study).images
    paths = images.loc[images["case"].isin(cases), "path"]
    contents = pd.read_parquet(_contents(study))
    contents = contents[contents["path"].isin(paths)]
    looks = np.frombuffer(b"".join(contents["look"]), np.int8).reshape(-1, LOOK_LENGTH)
    return KnownPhotographs.of(list(contents["content"]), looks)


def _folder(study: Study) -> Path:
    return study.folder / "understood"


def _contents(study: Study) -> Path:
    return _folder(study) / "contents.parquet"
