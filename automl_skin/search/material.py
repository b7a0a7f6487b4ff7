"""What trials are given: the development cases' embeddings, metadata, labels, folds and groups.

Folder of the material (each file can be opened by itself; no locked case is in any of them)::

    material.json                 digest of all of it and of the plan, fields, classes
    cases.parquet                 case, fold, group, lesion, has_image, target, diagnosis
    metadata.parquet              the metadata fields
    embeddings/<name>.npy         one row a case, float32

The locked cases have a folder of the same form without the columns `target` and `diagnosis`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_skin.arrays import Float32Array, IntArray
from automl_skin.chains.inputs import CaseInputs
from automl_skin.chains.targets import TrainingLabels
from automl_skin.digests import Json, digest_array, digest_json
from automl_skin.errors import IntegrityError
from automl_skin.features.encoder import Kind
from automl_skin.files import atomic_write, read_json, write_json


@dataclass(frozen=True)
class Material:
    """Cases of one part of the plan, ready for chains.

    Parameters
    ----------
    cases : DataFrame
        Index ``case``; columns ``fold``, ``group``, ``lesion`` (group where there is none), ``has_image``, and for
        development cases ``target`` (int) and ``diagnosis`` (the full value).
    inputs : CaseInputs
    kinds : mapping of str to {"number", "category"}
        Of the metadata fields.
    class_of : mapping of str to int
        For every diagnosis its class of the target.
    n_classes : int
    plan_digest : str
        Of the fold plan.
    """

    cases: pd.DataFrame
    inputs: CaseInputs
    kinds: Mapping[str, Kind]
    class_of: Mapping[str, int]
    n_classes: int
    plan_digest: str

    @property
    def labels(self) -> IntArray:
        """Classes of the target, shape (n_cases,)."""
        return self.cases["target"].to_numpy(np.int64)

    @property
    def folds(self) -> IntArray:
        """The fold that holds each case, shape (n_cases,)."""
        return self.cases["fold"].to_numpy(np.int64)

    @property
    def groups(self) -> npt.NDArray[np.object_]:
        """Group of each case, shape (n_cases,)."""
        return self.cases["group"].to_numpy(object)

    @property
    def training_labels(self) -> TrainingLabels:
        """Labels at both levels."""
        diagnosis = [str(value) for value in self.cases["diagnosis"]]
        return TrainingLabels.from_values(self.labels, diagnosis, dict(self.class_of), self.n_classes)

    @property
    def digest(self) -> str:
        """Digest of what the outcome of a trial depends on besides its configuration."""
        tables = [_columns(self.cases), _columns(self.inputs.metadata)]
        embeddings = {name: digest_array(values) for name, values in self.inputs.embeddings.items()}
        facts: dict[str, Json] = {
            "plan": self.plan_digest,
            "cases": list(self.cases.index),
            "tables": tables,
            "kinds": dict(self.kinds),
            "class_of": dict(self.class_of),
            "n_classes": self.n_classes,
            "embeddings": embeddings,
        }
        return digest_json(facts)

    def write(self, folder: Path) -> None:
        """Write the material; ``material.json`` comes last and makes it complete."""
        for name, values in self.inputs.embeddings.items():
            with atomic_write(folder / "embeddings" / f"{name}.npy") as path:
                _save(path, values)
        for name, frame in (("cases", self.cases), ("metadata", self.inputs.metadata)):
            with atomic_write(folder / f"{name}.parquet") as path:
                frame.to_parquet(path)
        facts: dict[str, Any] = {
            "digest": self.digest,
            "plan": self.plan_digest,
            "kinds": dict(self.kinds),
            "class_of": dict(self.class_of),
            "n_classes": self.n_classes,
            "embeddings": sorted(self.inputs.embeddings),
        }
        write_json(folder / "material.json", facts)

    @classmethod
    def read(cls, folder: Path) -> "Material":
        """Read material that `write` wrote; embeddings are mapped into memory, not copied.

        Raises
        ------
        IntegrityError
            If a file was changed since.
        """
        facts: Any = read_json(folder / "material.json")
        cases = pd.read_parquet(folder / "cases.parquet")
        metadata = pd.read_parquet(folder / "metadata.parquet")
        embeddings: dict[str, Float32Array] = {
            name: np.load(folder / "embeddings" / f"{name}.npy", mmap_mode="r")
            for name in facts["embeddings"]
        }
        inputs = CaseInputs(embeddings, cases["has_image"].to_numpy(np.bool_), metadata)
        material = cls(cases, inputs, facts["kinds"], facts["class_of"], facts["n_classes"], facts["plan"])
        if material.digest != facts["digest"]:
            message = (
                f"the material in {folder} must have the digest {facts['digest'][:16]} and has "
                f"{material.digest[:16]}: a file was changed; delete the folder, it is made again from the cache"
            )
            raise IntegrityError(message)
        return material


def written_digest(folder: Path) -> str:
    """Return the digest that stands in ``material.json``."""
    facts: Any = read_json(folder / "material.json")
    return str(facts["digest"])


def _columns(table: pd.DataFrame) -> dict[str, list[str]]:
    return {str(name): [str(value) for value in table[name]] for name in table}


def _save(path: Path, values: Float32Array) -> None:
    with path.open("wb") as file:
        np.save(file, np.ascontiguousarray(values))
