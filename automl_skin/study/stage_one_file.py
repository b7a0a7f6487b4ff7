"""What the embeddings of a study are of: ``stage_one.json``."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from automl_skin.backbones.device import Precision
from automl_skin.embeddings.given import By
from automl_skin.images.recipe import Recipe
from automl_skin.records import read_record, write_record
from automl_skin.study.study import Study


@dataclass(frozen=True)
class TunedSource:
    """Where a tuned network is from.

    Parameters
    ----------
    plan : str
        Digest of the fold plan that it was tuned under.
    pixels : Recipe
        How pixels become its input.
    folder : str
        Name of its folder in the cache.
    """

    plan: str
    pixels: Recipe
    folder: str


@dataclass(frozen=True)
class GivenSource:
    """What is known of vectors that were made elsewhere.

    Parameters
    ----------
    licence : str
        Empty where their file does not say it.
    by : {"image", "case"}
        Whose ids they have.
    """

    licence: str
    by: By


@dataclass(frozen=True)
class EmbeddedNetwork:
    """A network whose embeddings a study has.

    Parameters
    ----------
    weights : str
        Digest of architecture and weights; of ids and vectors where these are given.
    views : int
    precision : {"float32", "bfloat16", "float16"}
    n_dimensions : int
        Columns of its embeddings.
    tuned : TunedSource or None
        None for a frozen network, which the study's settings name.
    given : GivenSource or None
        None for a network that photographs go through.
    """

    weights: str
    views: int
    precision: Precision
    n_dimensions: int
    tuned: TunedSource | None = None
    given: GivenSource | None = None


@dataclass(frozen=True)
class _StageOneFile:
    networks: dict[str, EmbeddedNetwork] = field(default_factory=dict)


def stage_one_path(study: Study) -> Path:
    """Return where the record of a study's embeddings lies."""
    return study.folder / "stage_one.json"


def read_embedded(study: Study) -> dict[str, EmbeddedNetwork]:
    """Return what was embedded by the name of the network; nothing where stage one has not run."""
    path = stage_one_path(study)
    return read_record(_StageOneFile, path).networks if path.is_file() else {}


def write_embedded(study: Study, networks: Mapping[str, EmbeddedNetwork]) -> None:
    """Write down all that is embedded."""
    write_record(stage_one_path(study), _StageOneFile(dict(networks)))
