"""The locked cases of a variant: every cell's chains are applied to them first, then their labels are opened, once.

The opening is written down as a search's is (``locked/openings.json``), for the digest of all cells instead of a
stack's. What every fold's chain said lies in ``locked/cells.safetensors``.
"""

from collections.abc import Mapping
from datetime import UTC, datetime

import numpy as np
from safetensors.numpy import load_file, save_file

from automl_skin.arrays import FloatArray
from automl_skin.chains.fitted import FittedChain
from automl_skin.chains.networks import check_applied
from automl_skin.data.record import read_labels
from automl_skin.digests import digest_json
from automl_skin.errors import IntegrityError
from automl_skin.evaluation.figures import locked_figures
from automl_skin.files import atomic_write, write_json
from automl_skin.images.loading import Progress
from automl_skin.reproduce.context import LockedPart, ReproduceContext
from automl_skin.search.material import Material
from automl_skin.search.trial import TrialRecord
from automl_skin.workflow.locked import Opening, has_locked_cases, read_openings
from automl_skin.workflow.stack import chain_folder, fit_chains

RAW, CALIBRATED = "raw: ", "calibrated: "


def open_cells(context: ReproduceContext, progress: Progress, *, again: bool) -> LockedPart | None:
    """Return what the cells' chains say of the locked cases, with their labels.

    Returns
    -------
    LockedPart or None
        None where the plan has no locked part, no cell has finished, or it was opened for other cells before and
        `again` was not said.
    """
    study = context.study
    records = {name: each.record for name, each in context.finished.items() if each.record is not None}
    if not records or not has_locked_cases(study):
        return None
    digest = digest_json({name: record.plan.config.to_json() for name, record in records.items()})
    openings = read_openings(study)
    mine = next((each for each in openings if each.stack == digest), None)
    if mine is None and openings and not again:
        return None
    if mine is None:
        fit_chains(study, list(records.values()), _pairs(context, records), progress)
        _score(context, records)
    locked = Material.read(study.locked / "material")
    arrays = load_file(study.locked / "cells.safetensors")
    raw, calibrated = ({name: arrays[kind + name] for name in records} for kind in (RAW, CALIBRATED))
    labels = read_labels(study.locked / "labels.parquet").loc[locked.cases.index]["label"]
    if mine is None:
        mine = _write_opening(context, locked, calibrated, digest)
    return LockedPart(
        locked, labels.to_numpy(np.int64), raw, calibrated, mine.when, mine.figures.times_opened
    )


def _pairs(context: ReproduceContext, records: Mapping[str, TrialRecord]) -> list[tuple[int, int]]:
    folds = range(context.material.n_folds)
    return [(record.plan.number, fold) for record in records.values() for fold in folds]


def _score(context: ReproduceContext, records: Mapping[str, TrialRecord]) -> None:
    """Apply every chain to the locked cases, and write down what it says.

    Raises
    ------
    IntegrityError, LeakageError
        If the locked cases or a network are of another plan.
    """
    study, plan = context.study, context.material.plan_digest
    locked = Material.read(study.locked / "material")
    if locked.plan_digest != plan:
        message = f"the locked cases of {study.folder} must be of the plan {plan[:16]} and are of "
        raise IntegrityError(
            f"{message}{locked.plan_digest[:16]}; restore the folder `locked`, or begin anew"
        )
    arrays: dict[str, FloatArray] = {}
    for name, record in records.items():
        folders = [chain_folder(study, record.plan.number, fold) for fold in range(context.material.n_folds)]
        chains = [FittedChain.load(folder) for folder in folders]
        check_applied(sorted({each for chain in chains for each in chain.image_names}), locked.inputs, plan)
        arrays[RAW + name] = np.stack([chain.raw(locked.inputs) for chain in chains])
        arrays[CALIBRATED + name] = np.stack([chain.predict(locked.inputs) for chain in chains])
    with atomic_write(study.locked / "cells.safetensors") as path:
        save_file(arrays, path)


def _write_opening(
    context: ReproduceContext, locked: Material, calibrated: Mapping[str, FloatArray], digest: str
) -> Opening:
    """Open the labels and write down when, for what, and the figures of every cell (the mean of its chains)."""
    study, material = context.study, context.material
    openings = read_openings(study)
    labels = read_labels(study.locked / "labels.parquet").loc[locked.cases.index]
    figures = locked_figures(
        locked.cases.assign(target=labels["label"]),
        {name: values.mean(axis=0) for name, values in calibrated.items()},
        priors=np.bincount(material.labels, minlength=material.n_classes) / len(material.labels),
        times_opened=len(openings) + 1,
        seed=study.config.seed,
    )
    when = datetime.now(tz=UTC).isoformat(timespec="seconds")
    opening = Opening(when, digest, len(calibrated), figures)
    write_json(study.locked / "openings.json", [each.to_json() for each in [*openings, opening]])
    return opening
