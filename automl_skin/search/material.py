"""What trials are given: the development cases' embeddings, metadata, labels, folds and groups.

Folder of the material (each file can be opened by itself; no locked case is in any of them)::

    material.json                 digest of all of it and of the plan, fields, classes
    cases.parquet                 case, fold, group, lesion, has_image, target, diagnosis
    metadata.parquet              the metadata fields
    embeddings/<name>.npy         one row per case, float32
    heads/<name>.safetensors      the own head of a tuned network

The locked cases have a folder of the same form without the columns `target` and `diagnosis`.

Embeddings of tuned networks may be added to a material while a study runs. What was measured before stays what it
was: the outcome of a trial depends on `Material.digest_for` its configuration, and on nothing else of the material.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_skin.arrays import Float32Array, IntArray
from automl_skin.backbones.tuning.tuned_head import TunedHead
from automl_skin.chains.config import ChainConfig
from automl_skin.chains.inputs import CaseInputs
from automl_skin.chains.targets import TrainingLabels
from automl_skin.digests import Json, digest_array, digest_json
from automl_skin.embeddings.key import TunedOn
from automl_skin.errors import IntegrityError
from automl_skin.features.encoder import Kind
from automl_skin.files import atomic_write
from automl_skin.heads.stored import read_arrays, write_arrays
from automl_skin.records import read_record, write_record

MATERIAL = "material.json"


@dataclass(frozen=True)
class Material:
    """Cases of one part of the plan, ready for chains.

    Parameters
    ----------
    cases : DataFrame
        Index ``case``; columns ``fold``, ``group``, ``lesion`` (group where there is none), ``has_image``, with several
        kinds of photograph ``has_image_<role>`` of each, and for development cases ``target`` (int) and ``diagnosis``
        (the full value).
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
    def n_folds(self) -> int:
        """Number of folds of development cases."""
        return int(self.folds.max()) + 1

    @cached_property
    def digests(self) -> dict[str, str]:
        """Digest of each embedding; that of a tuned network is also of its head and of what tuned it."""
        return {name: self._digest_of(name) for name in self.inputs.embeddings}

    @cached_property
    def digest(self) -> str:
        """Digest of all that there is."""
        return self._digest_with(self.digests)

    def digest_for(self, config: ChainConfig) -> str:
        """Return the digest of what the outcome of a trial depends on besides its configuration.

        That is the cases, and with frozen networks every frozen embedding, with tuned ones the networks that the
        chains of all folds see. Embeddings that are added later change none of it.
        """
        if not config.is_tuned:
            return self._digest_of_frozen
        names = {name for fold in range(self.n_folds) for name in config.image_names(fold, self.n_folds)}
        return self._digest_with({name: self.digests.get(name, "absent") for name in sorted(names)})

    @cached_property
    def _digest_of_frozen(self) -> str:
        tuned_on = self.inputs.tuned_on
        return self._digest_with({name: each for name, each in self.digests.items() if name not in tuned_on})

    @cached_property
    def base_digest(self) -> str:
        """Digest of the cases and their metadata, without any embedding."""
        return digest_json(self._facts)

    @cached_property
    def _facts(self) -> dict[str, Json]:
        return {
            "plan": self.plan_digest,
            "cases": list(self.cases.index),
            "tables": [_columns(self.cases), _columns(self.inputs.metadata)],
            "kinds": dict(self.kinds),
            "class_of": dict(self.class_of),
            "n_classes": self.n_classes,
        }

    def _digest_with(self, embeddings: Mapping[str, str]) -> str:
        return digest_json({**self._facts, "embeddings": embeddings})

    def _digest_of(self, name: str) -> str:
        array = _digest_of_array(self.inputs.embeddings[name])
        if name not in self.inputs.tuned_on:
            return array
        heads = self.inputs.heads
        head = (
            {key: digest_array(each) for key, each in heads[name].to_arrays().items()}
            if name in heads
            else {}
        )
        return digest_json({"array": array, "head": head, "tuned_on": asdict(self.inputs.tuned_on[name])})

    def adding(self, inputs: CaseInputs) -> "Material":
        """Return the material with the embeddings, heads and provenance of `inputs` added, which are of the same cases.

        Raises
        ------
        IntegrityError
            If they are of other cases.
        """
        if not inputs.metadata.index.equals(self.inputs.metadata.index):
            message = (
                f"added embeddings: expected the {len(self.cases)} cases of the material in their order, got "
                f"{len(inputs)} others; make them from the study's own cases"
            )
            raise IntegrityError(message)
        mine = self.inputs
        grown = replace(
            mine,
            embeddings={**mine.embeddings, **inputs.embeddings},
            heads={**mine.heads, **inputs.heads},
            tuned_on={**mine.tuned_on, **inputs.tuned_on},
        )
        return replace(self, inputs=grown)

    def write(self, folder: Path) -> None:
        """Write the material; ``material.json`` comes last and makes it complete.

        Embeddings that lie there already are not written again.
        """
        for name, values in self.inputs.embeddings.items():
            path = _embedding_file(folder, name)
            if not path.is_file() or _digest_of_file(path) != _digest_of_array(values):
                with atomic_write(path) as temporary:
                    _save(temporary, values)
        for name, head in self.inputs.heads.items():
            write_arrays(_head_file(folder, name), head.to_arrays())
        for name, frame in (("cases", self.cases), ("metadata", self.inputs.metadata)):
            with atomic_write(folder / f"{name}.parquet") as path:
                frame.to_parquet(path)
        facts = _Facts(
            digest=self.digest,
            plan=self.plan_digest,
            kinds=dict(self.kinds),
            class_of=dict(self.class_of),
            n_classes=self.n_classes,
            roles=self.inputs.roles,
            embeddings={name: self._description(name) for name in sorted(self.inputs.embeddings)},
        )
        write_record(folder / MATERIAL, facts)

    def _description(self, name: str) -> "_Embedding":
        return _Embedding(self.digests[name], self.inputs.tuned_on.get(name), name in self.inputs.heads)

    @classmethod
    def read(cls, folder: Path) -> "Material":
        """Read material that `write` wrote; embeddings are mapped into memory, not copied.

        Raises
        ------
        IntegrityError
            If a file was changed since.
        """
        facts = read_record(_Facts, folder / MATERIAL)
        cases = pd.read_parquet(folder / "cases.parquet")
        metadata = pd.read_parquet(folder / "metadata.parquet")
        entries, roles = facts.embeddings, facts.roles
        inputs = CaseInputs(
            {name: _map(_embedding_file(folder, name)) for name in entries},
            cases["has_image"].to_numpy(np.bool_),
            metadata,
            {name: _read_head(folder, name) for name, entry in entries.items() if entry.head},
            {name: entry.tuned_on for name, entry in entries.items() if entry.tuned_on},
            roles,
            cases[role_columns(roles)].to_numpy(np.bool_) if roles else None,
        )
        material = cls(cases, inputs, facts.kinds, facts.class_of, facts.n_classes, facts.plan)
        if material.digest != facts.digest:
            message = (
                f"the material in {folder}: expected the digest {facts.digest[:16]}, got {material.digest[:16]}. "
                "A file was changed; delete the folder, and it is made again from the cache"
            )
            raise IntegrityError(message)
        return material


@dataclass(frozen=True)
class _Embedding:
    """An embedding as it stands in ``material.json``."""

    digest: str
    tuned_on: TunedOn | None
    head: bool


@dataclass(frozen=True)
class _Facts:
    """What stands in ``material.json``."""

    digest: str
    plan: str
    kinds: dict[str, Kind]
    class_of: dict[str, int]
    n_classes: int
    roles: tuple[str, ...]
    embeddings: dict[str, _Embedding]


def role_columns(roles: Sequence[str]) -> list[str]:
    """Return the columns of `Material.cases` that say whether a case has a photograph of each kind."""
    return [f"has_image_{role}" for role in roles]


def written_digest(folder: Path) -> str:
    """Return the digest that stands in ``material.json``."""
    return read_record(_Facts, folder / MATERIAL).digest


def _columns(table: pd.DataFrame) -> dict[str, list[str]]:
    return {str(name): [str(value) for value in table[name]] for name in table}


def _embedding_file(folder: Path, name: str) -> Path:
    return folder / "embeddings" / f"{name}.npy"


def _head_file(folder: Path, name: str) -> Path:
    return folder / "heads" / f"{name}.safetensors"


def _read_head(folder: Path, name: str) -> TunedHead:
    return TunedHead.from_arrays(read_arrays(_head_file(folder, name)))


def _save(path: Path, values: Float32Array) -> None:
    with path.open("wb") as file:
        np.save(file, np.ascontiguousarray(values))


def _map(path: Path) -> Float32Array:
    try:
        values: Float32Array = np.load(path, mmap_mode="r")
    except (OSError, ValueError) as error:
        message = f"{path}: not an array ({error}). Delete it, and it is made again from the cache"
        raise IntegrityError(message) from error
    return values


def _digest_of_array(values: Float32Array) -> str:
    """Return the digest of an array; one that is a whole mapped file is hashed once per process."""
    if isinstance(values, np.memmap) and values.mode == "r" and values.flags.c_contiguous:
        path = Path(str(values.filename))
        if path.is_file() and values.offset + values.nbytes == path.stat().st_size:  # not a part of it
            return _digest_of_file(path)
    return digest_array(values)


def _digest_of_file(path: Path) -> str:
    """Return the digest of the array in a file, read again when the file is another than before."""
    facts = path.stat()
    return _digest_of_state(path, facts.st_ino, facts.st_size, facts.st_mtime_ns)


@lru_cache(maxsize=1024)
def _digest_of_state(path: Path, inode: int, size: int, modified: int) -> str:  # noqa: ARG001 - the cache's key
    return digest_array(_map(path))
