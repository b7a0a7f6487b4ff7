"""The one name of a network, and its only way to and from text."""

from dataclasses import dataclass, replace
from urllib.parse import unquote

from automl_skin.errors import IntegrityError

FROZEN = "frozen"
"""The tuning of weights that are used as they come."""

GIVEN = "given"
"""The recipe of vectors that were made elsewhere: nobody here knows how their pixels became input."""

_WITHOUT = ".without-"


@dataclass(frozen=True)
class NetworkId:
    """What a network is called: in columns, files, trials and bundles.

    What decides its embeddings to the last bit is `automl_skin.embeddings.key.EmbeddingKey`.

    Parameters
    ----------
    backbone : str
        What it began as.
    recipe : str
        How pixels become its input, by name.
    tuning : str
        `Tuning.name`, with its changes; "frozen" for weights as they come.
    held_out : tuple of int
        Cross-validation folds that the tuning has not seen, ascending. Empty for frozen weights, and for the networks
        of one tuning taken together.
    role : str
        The kind of photograph that a tower was tuned on; empty for a network of all kinds.

    Examples
    --------
    >>> str(NetworkId("resnet18", "plain"))
    'resnet18@plain'
    >>> network = NetworkId("resnet18", "plain", "full-6-epochs", (3, 2), "close-up")
    >>> str(network)
    'resnet18@plain@full-6-epochs@close-up.without-2-3'
    >>> NetworkId.parse(str(network)) == network
    True
    >>> str(network.together)
    'resnet18@plain@full-6-epochs'
    """

    backbone: str
    recipe: str
    tuning: str = FROZEN
    held_out: tuple[int, ...] = ()
    role: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "held_out", tuple(sorted(set(self.held_out))))
        if not self.is_tuned and (self.held_out or self.role):
            found = f"held-out folds {list(self.held_out)} and role {self.role!r}"
            raise IntegrityError(f"a frozen network: expected no held-out folds and no role, got {found}")

    def __str__(self) -> str:
        tuned = [self.tuning] if self.is_tuned else []
        parts = [self.backbone, self.recipe, *tuned, *([self.role] if self.role else [])]
        folds = _WITHOUT + "-".join(map(str, self.held_out)) if self.held_out else ""
        return "@".join(map(_escaped, parts)) + folds

    @classmethod
    def parse(cls, text: str) -> "NetworkId":
        """Return the network of a name as `str` writes it.

        Raises
        ------
        IntegrityError
            If the text is not such a name.
        """
        named, found, folds = text.rpartition(_WITHOUT)
        parts = [unquote(part) for part in (named if found else text).split("@")]
        held_out = folds.split("-") if found else []
        if 2 <= len(parts) <= 4 and all(parts) and all(each.isdecimal() for each in held_out):
            backbone, recipe, tuning, role = (*parts, *(FROZEN, "")[len(parts) - 2 :])
            network = cls(backbone, recipe, tuning, tuple(map(int, held_out)), role)
            if str(network) == text:
                return network
        form = (
            "BACKBONE@RECIPE, BACKBONE@RECIPE@TUNING or BACKBONE@RECIPE@TUNING@ROLE, then .without-FOLD-FOLD"
        )
        raise IntegrityError(f"the name of a network: expected {form}, got {text!r}")

    @property
    def is_tuned(self) -> bool:
        """Whether its weights were tuned on a study's cases."""
        return self.tuning != FROZEN

    @property
    def is_given(self) -> bool:
        """Whether its embeddings are a file of the user's, and there are no weights."""
        return self.recipe == GIVEN

    @property
    def frozen(self) -> "NetworkId":
        """The network that it began as."""
        return NetworkId(self.backbone, self.recipe)

    @property
    def together(self) -> "NetworkId":
        """The name of all networks of its tuning, whatever their folds and roles."""
        return NetworkId(self.backbone, self.recipe, self.tuning)

    @property
    def title(self) -> str:
        """Backbone, recipe and tuning in three words."""
        return f"{self.backbone} {self.recipe} {self.tuning}"

    @property
    def description(self) -> str:
        """What a person calls it.

        Examples
        --------
        >>> NetworkId("resnet18", "plain", "full", (2,)).description
        'resnet18 (plain), full without fold 2'
        """
        if self.is_given:
            return f"{self.backbone} (vectors given)"
        if not self.is_tuned:
            return f"{self.backbone} ({self.recipe})"
        without = ", ".join(map(str, self.held_out))
        tower = f" of {self.role} photographs" if self.role else ""
        return f"{self.backbone} ({self.recipe}), {self.tuning}{tower} without fold {without}"

    def without(self, held_out: tuple[int, ...], role: str = "") -> "NetworkId":
        """Return the network of the same tuning that has not seen some folds, maybe of one kind of photograph."""
        return replace(self, held_out=held_out, role=role)


def _escaped(part: str) -> str:
    """Return a part of a name without what separates parts."""
    escaped = part.replace("%", "%25").replace("@", "%40")
    return escaped.replace(_WITHOUT, _WITHOUT.replace(".", "%2E"))
