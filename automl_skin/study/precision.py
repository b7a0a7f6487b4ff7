"""The precision that a study's stage one computes in: the device's own, or that of the machine it was carried from."""

from pathlib import Path
from typing import Any, cast, get_args

from automl_skin.backbones.device import Precision, resolve_devices, resolve_precision
from automl_skin.errors import IntegrityError
from automl_skin.files import read_json, write_json
from automl_skin.study.study import Study


def precision_of(study: Study) -> Precision:
    """Return the precision of a study's networks, trained and applied.

    Embeddings of different precisions do not mix. What `keep_precision` wrote into the cache therefore holds for
    every study of the same fold plan that uses the cache, on whatever machine.

    Raises
    ------
    IntegrityError
        If the note in the cache cannot be read.
    """
    note = _note(study)
    if note is None or not note.is_file():
        return resolve_precision(*resolve_devices(study.config.devices or (study.config.device,)))
    said: Any = read_json(note)
    if not isinstance(said, dict) or said.get("precision") not in get_args(Precision):
        raise IntegrityError(
            f"{note}: expected a precision ({', '.join(get_args(Precision))}); delete the file"
        )
    return cast("Precision", said["precision"])


def keep_precision(study: Study) -> Precision:
    """Write the precision of a prepared study into the cache, so that it goes where the cache goes, and return it."""
    precision = precision_of(study)
    note = _note(study)
    assert note is not None
    write_json(note, {"study": study.name, "precision": precision})
    return precision


def _note(study: Study) -> Path | None:
    """Return where the precision of a study's fold plan stands; None before there is a plan."""
    prepared = study.prepared.find()
    return None if prepared is None else study.workspace.cache / "stage_one" / f"{prepared.plan}.json"
