"""The locked cases of a variant: every cell's chains are applied to them first, then their labels are opened, once.

They are opened as a search's are (`LockedPart`), for the digest of all cells instead of a stack's. What every fold's
chain said lies in ``locked/cells.safetensors``.
"""

from collections.abc import Mapping

import numpy as np
from safetensors.numpy import load_file, save_file

from automl_skin.arrays import FloatArray
from automl_skin.chains.networks import check_applied
from automl_skin.digests import digest_json
from automl_skin.files import atomic_write
from automl_skin.images.loading import Progress
from automl_skin.papers.context import LockedCells, ReproduceContext
from automl_skin.records import to_plain
from automl_skin.search.material import Material
from automl_skin.search.trial import TrialRecord
from automl_skin.steps.locked import has_locked_cases, measure_opening, read_locked_material
from automl_skin.steps.stack import fit_chains, load_chains
from automl_skin.study.locked_part import LockedPart

RAW, CALIBRATED = "raw: ", "calibrated: "


def open_cells(context: ReproduceContext, progress: Progress, *, again: bool) -> LockedCells | None:
    """Return what the cells' chains say of the locked cases, with their labels.

    Returns
    -------
    LockedCells or None
        None where the plan has no locked part, no cell has finished, or it was opened for other cells before and
        `again` was not said.
    """
    study = context.study
    cells = {name: each.record for name, each in context.finished.items() if each.record is not None}
    if not cells or not has_locked_cases(study):
        return None
    part = LockedPart(study)
    digest = digest_json({name: to_plain(cell.plan.config) for name, cell in cells.items()})
    if part.stays_closed(digest, again=again):
        return None
    locked = read_locked_material(study, context.material)
    predictions = study.locked / "cells.safetensors"
    if part.find(digest) is None:
        fit_chains(study, list(cells.values()), _pairs(context, cells), progress)
        _score(context, cells, locked)
    record, labels = part.open(for_=digest, trials=len(cells), predictions=predictions)
    arrays = load_file(predictions)
    raw, calibrated = ({name: arrays[kind + name] for name in cells} for kind in (RAW, CALIBRATED))
    means = {name: values.mean(axis=0) for name, values in calibrated.items()}
    figures = measure_opening(study, record, labels, locked, context.material, means).figures
    target = labels.loc[locked.cases.index, "label"].to_numpy(np.int64)
    return LockedCells(
        locked, target, raw, calibrated, record.when, figures.times_opened, figures.reopened_share
    )


def _pairs(context: ReproduceContext, cells: Mapping[str, TrialRecord]) -> list[tuple[int, int]]:
    folds = range(context.material.n_folds)
    return [(cell.plan.number, fold) for cell in cells.values() for fold in folds]


def _score(context: ReproduceContext, cells: Mapping[str, TrialRecord], locked: Material) -> None:
    """Apply every chain to the locked cases, and write down what it says.

    Raises
    ------
    LeakageError
        If a network is of another plan.
    IntegrityError
        If a fitted chain does not say of its fold what was measured.
    """
    study, material = context.study, context.material
    fitted = load_chains(study, _pairs(context, cells), material)
    arrays: dict[str, FloatArray] = {}
    for name, cell in cells.items():
        chains = [fitted[cell.plan.number, fold] for fold in range(material.n_folds)]
        networks = sorted({each for chain in chains for each in chain.image_names})
        check_applied(networks, locked.inputs, material.plan_digest)
        arrays[RAW + name] = np.stack([chain.raw(locked.inputs) for chain in chains])
        arrays[CALIBRATED + name] = np.stack([chain.predict(locked.inputs) for chain in chains])
    with atomic_write(study.locked / "cells.safetensors") as path:
        save_file(arrays, path)
