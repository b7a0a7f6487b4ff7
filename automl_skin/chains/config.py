"""The description of a chain: what a trial is, before anything is fitted.

A chain has one or two *branches*. A branch sees image columns, metadata columns or both, and has one
head. The fusions (how image and metadata meet) differ in their branches and in how the branches'
probabilities are combined:

========== ============================= ========================================================
fusion     branches                      combined
========== ============================= ========================================================
image      image                         -
metadata   metadata                      -
concat     image and metadata together   -
metanet    image and metadata together   - (metadata gates the image columns, Li et al. 2020)
late       image; metadata               weighted mean of the probabilities
rank       image; metadata               mean of the ranks within the held-out fold
========== ============================= ========================================================
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from automl_skin.errors import ConfigError
from automl_skin.heads.catalogue import FAMILIES
from automl_skin.heads.weighting import ClassWeighting

IMAGE = "image"
METADATA = "metadata"


@dataclass(frozen=True)
class Fusion:
    """Facts about one way in which image and metadata meet.

    Parameters
    ----------
    name : str
    branches : tuple of tuple of str
        For each branch, the inputs that it sees.
    neural : bool
        Whether only neural heads can carry it.
    """

    name: str
    branches: tuple[tuple[str, ...], ...]
    neural: bool = False

    @property
    def inputs(self) -> frozenset[str]:
        """What the fusion needs: image, metadata or both."""
        return frozenset(name for branch in self.branches for name in branch)


FUSIONS = {
    fusion.name: fusion
    for fusion in (
        Fusion("image", ((IMAGE,),)),
        Fusion("metadata", ((METADATA,),)),
        Fusion("concat", ((IMAGE, METADATA),)),
        Fusion("metanet", ((IMAGE, METADATA),), neural=True),
        Fusion("late", ((IMAGE,), (METADATA,))),
        Fusion("rank", ((IMAGE,), (METADATA,))),
    )
}


@dataclass(frozen=True)
class BranchConfig:
    """One head: its family and hyperparameters (an instance of the family's config)."""

    family: str
    head: Any

    def to_json(self) -> dict[str, Any]:
        """Return the branch as JSON."""
        return {"family": self.family, "head": asdict(self.head)}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "BranchConfig":
        """Return the branch that `to_json` described.

        Raises
        ------
        ConfigError
            If the family is unknown.
        """
        family = value["family"]
        if family not in FAMILIES:
            message = f"unknown family {family!r}; known are {', '.join(FAMILIES)}"
            raise ConfigError(message)
        return cls(family, FAMILIES[family].config(**value["head"]))


@dataclass(frozen=True)
class ChainConfig:
    """Everything that is decided about a chain before it is fitted.

    Parameters
    ----------
    fusion : str
        A name in `FUSIONS`.
    branches : tuple of BranchConfig
        One a branch of the fusion, in its order.
    backbones : tuple of str
        Names of the backbones whose embeddings are concatenated; empty without an image.
    recipe : str
        Name of the recipe that the pixels went through; empty without an image.
    components : int or None
        Principal components that are kept of the embedding; None keeps its columns.
    labels : {"target", "diagnosis"}
        What the head is trained on; with "diagnosis" the probabilities of a class's diagnoses are summed.
    weighting : {"none", "sqrt", "balanced"}
        Class weights of the training rows.
    image_weight : float
        Weight of the image branch in the fusion `late`, in [0, 1].
    """

    fusion: str
    branches: tuple[BranchConfig, ...]
    backbones: tuple[str, ...] = ()
    recipe: str = ""
    components: int | None = None
    labels: str = "target"
    weighting: ClassWeighting = "none"
    image_weight: float = 0.5

    @property
    def family(self) -> str:
        """The family that leads: that of the first branch."""
        return self.branches[0].family

    @property
    def uses_image(self) -> bool:
        """Whether the chain needs embeddings."""
        return IMAGE in FUSIONS[self.fusion].inputs

    @property
    def uses_metadata(self) -> bool:
        """Whether the chain needs metadata."""
        return METADATA in FUSIONS[self.fusion].inputs

    @property
    def kind(self) -> str:
        """What kind of chain it is, whatever its hyperparameters: fusion, heads, and what they are trained on."""
        return " ".join([self.fusion, *(branch.family for branch in self.branches), self.labels])

    @property
    def title(self) -> str:
        """What a person calls the chain: backbones, tuning, fusion and head."""
        image = ["+".join(self.backbones), self.recipe, "frozen"] if self.uses_image else []
        return " ".join([*image, self.fusion, self.family])

    def to_json(self) -> dict[str, Any]:
        """Return the configuration as JSON."""
        return {
            "fusion": self.fusion,
            "branches": [branch.to_json() for branch in self.branches],
            "backbones": list(self.backbones),
            "recipe": self.recipe,
            "components": self.components,
            "labels": self.labels,
            "weighting": self.weighting,
            "image_weight": self.image_weight,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "ChainConfig":
        """Return the configuration that `to_json` described."""
        branches = tuple(BranchConfig.from_json(branch) for branch in value["branches"])
        rest = {name: value[name] for name in value if name not in {"branches", "backbones"}}
        return cls(branches=branches, backbones=tuple(value["backbones"]), **rest)
