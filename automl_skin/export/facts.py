"""What a bundle says about itself (``bundle.json``).

Folder of a bundle::

    SHA256SUMS                      digest of every other file but model.sig; for `sha256sum --check` as well
    model.sig                       signature over all files, where the bundle is signed
    bundle.json                     these facts
    MODEL_CARD.md                   for people
    stack.json                      members, weights, calibrators
    references.safetensors          out-of-fold distributions, where ranks are averaged
    chains/0017-2/ ...              the chain of trial 17 that was measured on fold 2
    backbones/<name>/               networks in timm's hub layout
    photographs.safetensors         digests and looks of the photographs that it was trained on
    input_example.json              one made-up row, as the MLflow server takes it
"""

from dataclasses import dataclass

from automl_skin.backbones.device import Precision
from automl_skin.embeddings.given import By
from automl_skin.evaluation.class_decisions import ClassRule
from automl_skin.evaluation.operating_point import OperatingPoint
from automl_skin.features.seen import SeenField
from automl_skin.images.recipe import Recipe
from automl_skin.metrics.intervals import Interval
from automl_skin.networks import NetworkId

FORMAT = 5


@dataclass(frozen=True)
class BundleEmbedding:
    """One embedding that the members need.

    Parameters
    ----------
    network : NetworkId
        As the chains call it.
    backbone : str
        Folder under ``backbones/``.
    weights : str
        Digest of architecture and weights.
    """

    network: NetworkId
    backbone: str
    weights: str
    recipe: Recipe
    views: int
    precision: Precision

    @property
    def name(self) -> str:
        """Name of its column block in the chains."""
        return str(self.network)


@dataclass(frozen=True)
class GivenEmbedding:
    """Vectors that were made elsewhere and that new cases must be given with.

    Parameters
    ----------
    network : NetworkId
        As the chains call it; the name of the vectors is its backbone.
    n_dimensions : int
        Length of a vector.
    digest : str
        Of ids and vectors of the file that trained the bundle.
    licence : str
        Empty where that file does not say it.
    by : {"image", "case"}
        Whose ids the vectors have.
    """

    network: NetworkId
    n_dimensions: int
    digest: str
    licence: str
    by: By

    @property
    def name(self) -> str:
        """Name of its column block in the chains."""
        return str(self.network)

    @property
    def title(self) -> str:
        """By which it is given: of a file, of a column of a server."""
        return self.network.backbone


@dataclass(frozen=True)
class BundleFacts:
    """What a bundle says about itself.

    Parameters
    ----------
    version : str
        Of automl-skin.
    created : str
        UTC, ISO 8601.
    target : str
        Column of the diagnosis.
    classes : tuple of str
        In the order of the probabilities.
    positive : tuple of str
        Positive values of a binary target; empty for several classes.
    levels : tuple of str
        All values of the target column in the training table, the full diagnosis.
    kinds : dict of str to {"number", "category"}
        Metadata fields.
    seen : dict of str to SeenField
        What the development cases have of each of them: levels, and the range of numbers.
    roles : dict of str to str
        Column names by role in the training table, tried first on a table to be scored.
    image_roles : tuple of str
        Kinds of photograph a case may have.
    priors : tuple of float
        Shares of the classes among the development cases.
    operating_points : tuple of OperatingPoint
        Of a binary target, by wanted sensitivity.
    plan : str
        Digest of the fold plan.
    stack : str
        Digest of the stack.
    crossing_share : float
        Share of cases whose group was on both sides, where that was waived.
    measured : bool
        False for a bundle that was refitted on all rows.
    auc : Interval or None
        Of the locked test.
    sensitivity : float
        That was asked for: the operating point of decisions for which no other is asked.
    rule : ClassRule or None
        Thresholds and weights of the classes; None of a binary target that has its operating points alone.
    merged : tuple of str
        Values of the target column that are the class ``other``.
    given : tuple of GivenEmbedding
        Vectors that new cases must be given with.
    photographs : bool
        Whether it is given photographs of new cases.
    """

    study: str
    version: str
    created: str
    target: str
    classes: tuple[str, ...]
    positive: tuple[str, ...]
    levels: tuple[str, ...]
    kinds: dict[str, str]
    seen: dict[str, SeenField]
    roles: dict[str, str]
    image_roles: tuple[str, ...]
    embeddings: tuple[BundleEmbedding, ...]
    priors: tuple[float, ...]
    operating_points: tuple[OperatingPoint, ...]
    plan: str
    stack: str
    waiver: str | None
    crossing_share: float
    measured: bool
    auc: Interval | None
    sensitivity: float = 0.95
    rule: ClassRule | None = None
    merged: tuple[str, ...] = ()
    given: tuple[GivenEmbedding, ...] = ()
    photographs: bool = True
    format: int = FORMAT

    @property
    def is_binary(self) -> bool:
        """Whether there is one positive class."""
        return bool(self.positive)

    @property
    def sees_images(self) -> bool:
        """Whether it is given photographs or vectors of them; else metadata alone."""
        return self.photographs or bool(self.given)
