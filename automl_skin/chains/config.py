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
*neural*   image and metadata together   - (each name of `NEURAL_FUSIONS` but concat, in neural heads)
late       image; metadata               weighted mean of the probabilities
rank       image; metadata               mean of the ranks within the held-out fold
========== ============================= ========================================================

Tuned networks come as K fold networks, and two of them have no column in common. They reach a chain in one of
four *ways*, for the chain of fold k (of K, with a = k + 1 modulo K):

======== ====================== ==================================================================
way      networks               image columns
======== ====================== ==================================================================
within   without k              its embeddings, of training rows and of fold k
rotation without k and a        its embeddings; the training rows are those of fold a alone
logits   all; without k to new  each row's logits by the network without the row's own fold
own      without k              its logits; nothing is fitted
======== ====================== ==================================================================
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from automl_skin.errors import ConfigError
from automl_skin.heads.catalogue import HEADS
from automl_skin.heads.neural.fusions.catalogue import NEURAL_FUSIONS
from automl_skin.heads.weighting import ClassWeighting
from automl_skin.networks import FROZEN, GIVEN, NetworkId
from automl_skin.records import from_plain

IMAGE = "image"
METADATA = "metadata"

WITHIN = "within"
ROTATION = "rotation"
LOGITS = "logits"
OWN = "own"
WAYS = (WITHIN, ROTATION, LOGITS, OWN)


def rotated(fold: int, n_folds: int) -> int:
    """Return the fold whose rows train the chain of `fold` in the way `rotation`.

    Examples
    --------
    >>> [rotated(fold, 3) for fold in range(3)]
    [1, 2, 0]
    """
    return (fold + 1) % n_folds


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
        *(Fusion(name, ((IMAGE, METADATA),), neural=True) for name in NEURAL_FUSIONS if name != "concat"),
        Fusion("late", ((IMAGE,), (METADATA,))),
        Fusion("rank", ((IMAGE,), (METADATA,))),
    )
}


@dataclass(frozen=True)
class BranchConfig:
    """One head.

    Parameters
    ----------
    family : str
    head : object or mapping
        Hyperparameters: an instance of the family's config, or its fields as JSON has them.

    Raises
    ------
    ConfigError
        If the family is unknown.
    IntegrityError
        If a field is not of its type.
    """

    family: str
    head: Any

    def __post_init__(self) -> None:
        if self.family not in HEADS:
            raise ConfigError(f"unknown family {self.family!r}; known are {', '.join(HEADS)}")
        if isinstance(self.head, Mapping):
            head: Any = from_plain(HEADS[self.family].config, self.head, f"a head {self.family}")
            object.__setattr__(self, "head", head)


@dataclass(frozen=True)
class ChainConfig:
    """Everything that is decided about a chain before it is fitted.

    Parameters
    ----------
    fusion : str
        A name in `FUSIONS`.
    branches : tuple of BranchConfig
        One per branch of the fusion, in its order.
    networks : tuple of NetworkId
        Those whose embeddings are concatenated, of one recipe and tuning; empty without an image. Tuned ones stand for
        the networks of all folds. Towers come one per kind of `roles`, in its order, for each backbone.
    components : int or None
        Principal components that are kept of the embedding; None keeps its columns.
    labels : {"target", "diagnosis"}
        What the head is trained on; with "diagnosis" the probabilities of a class's diagnoses are summed.
    weighting : {"none", "sqrt", "balanced"}
        Class weights of the training rows.
    image_weight : float
        Weight of the image branch in the fusion `late`, in [0, 1].
    way : {"", "within", "rotation", "logits", "own"}
        How tuned networks reach the chain; empty for frozen ones.
    fields : tuple of str
        Metadata fields that the chain sees; empty for all of them.
    roles : tuple of str
        Kinds of photograph that the chain sees; empty for all of them.
    """

    fusion: str
    branches: tuple[BranchConfig, ...]
    networks: tuple[NetworkId, ...] = ()
    components: int | None = None
    labels: str = "target"
    weighting: ClassWeighting = "none"
    image_weight: float = 0.5
    way: str = ""
    fields: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.fields and (not self.uses_metadata or len(set(self.fields)) < len(self.fields)):
            message = (
                f"fields: expected different metadata fields, of a fusion with metadata; got {self.fields}"
            )
            raise ConfigError(f"{message} with the fusion {self.fusion}")
        if len(set(self.roles)) < len(self.roles) or (self.roles and not self.uses_image):
            message = "roles: expected different kinds of photograph, of a fusion with an image"
            raise ConfigError(f"{message}; got {self.roles} with the fusion {self.fusion}")
        self._check_networks()
        if self.is_tuned and not self._tuned_fits():
            message = (
                f"a chain with tuned networks: expected an image and one of the ways {', '.join(WAYS)}; logits without "
                "components; the networks' own head alone or beside metadata, and of one backbone"
            )
            raise ConfigError(f"{message}; got {self}")
        if not self.is_tuned and (self.way or self.family == OWN):
            message = f"the way {self.way!r} and the own head: expected tuned networks, got frozen ones; name a tuning"
            raise ConfigError(message)

    def _check_networks(self) -> None:
        roles = self.roles if self.towers else ("",)
        given = {each.backbone for each in self.networks if each.is_given}
        wanted = [
            NetworkId(each, GIVEN if each in given else self.recipe, self.tuning, (), role)
            for each in self.backbones
            for role in roles
        ]
        if list(self.networks) != wanted:
            message = (
                "the networks of a chain: expected one recipe and tuning without held-out folds, each backbone once, "
                f"or once per role of {self.roles} where they are towers"
            )
            raise ConfigError(f"{message}; got {', '.join(map(str, self.networks))}")

    def _tuned_fits(self) -> bool:
        own = self.fusion in {"image", "late", "rank"} and len(self.backbones) == 1
        return (
            self.uses_image
            and self.way in WAYS
            and (self.family == OWN) == (self.way == OWN)
            and (own or self.way != OWN)
            and not (self.uses_logits and self.components)
        )

    @property
    def backbones(self) -> tuple[str, ...]:
        """Names of the backbones whose embeddings are concatenated; empty without an image."""
        return tuple(dict.fromkeys(each.backbone for each in self.networks))

    @property
    def recipe(self) -> str:
        """Name of the recipe that the pixels went through: "given" for vectors alone, empty without an image."""
        return next(
            (each.recipe for each in self.networks if not each.is_given), GIVEN if self.networks else ""
        )

    @property
    def tuning(self) -> str:
        """Name of the networks' tuning; "frozen" for weights as they come."""
        return self.networks[0].tuning if self.networks else FROZEN

    @property
    def towers(self) -> bool:
        """Whether each of `roles` has a tuned network of its own; else one network is of all kinds."""
        return any(each.role for each in self.networks)

    @property
    def is_tuned(self) -> bool:
        """Whether the networks were tuned on the study's cases."""
        return self.tuning != FROZEN

    @property
    def uses_logits(self) -> bool:
        """Whether the image columns are logits of the networks' own heads."""
        return self.way in {LOGITS, OWN}

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
        """What kind of chain it is, whatever its hyperparameters: fusion, heads, labels, and tuning."""
        tuned = [self.tuning, self.way] if self.is_tuned else []
        heads = [branch.family for branch in self.branches]
        return " ".join([self.fusion, *heads, self.labels, *tuned, *self.roles])

    @property
    def title(self) -> str:
        """What a person calls the chain: backbones, tuning, fusion and head."""
        tuned = [self.tuning, self.way] if self.is_tuned else [FROZEN]
        roles = ["+".join(self.roles)] if self.roles else []
        image = ["+".join(self.backbones), self.recipe, *tuned, *roles] if self.uses_image else []
        seen = [f"({'+'.join(self.fields)})"] if self.fields else []
        return " ".join([*image, self.fusion, self.family, *seen])

    def held_out(self, fold: int, n_folds: int) -> tuple[int, ...]:
        """Return the folds that the networks of a fold's chain have not seen; none for frozen ones."""
        if not self.is_tuned:
            return ()
        return tuple(sorted({fold, rotated(fold, n_folds)})) if self.way == ROTATION else (fold,)

    def image_names(self, fold: int, n_folds: int) -> tuple[str, ...]:
        """Return the names of the embeddings that the chain of a fold applies, one per backbone and tower."""
        held_out = self.held_out(fold, n_folds)
        return tuple(str(replace(each, held_out=held_out)) for each in self.networks)
