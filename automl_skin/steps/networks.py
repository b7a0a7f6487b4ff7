"""Which networks see which pixels in a study; known, and found wrong, before anything is computed."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from automl_skin.backbones.catalogue import Backbone, at_size, resolve_backbone
from automl_skin.backbones.recipe import default_recipe
from automl_skin.backbones.views import check_views
from automl_skin.embeddings.given import By
from automl_skin.embeddings.key import TunedOn
from automl_skin.images.recipe import Recipe
from automl_skin.networks import GIVEN, NetworkId
from automl_skin.study.config import StudyConfig

if TYPE_CHECKING:
    from automl_skin.backbones.tuning.tuned_head import TunedHead

RECIPE_NAMES = {"none": "plain", "shades_of_grey": "grey"}


@dataclass(frozen=True)
class ResolvedNetwork:
    """A network by name, and all that it takes to apply it.

    Parameters
    ----------
    id : NetworkId
    backbone : Backbone
        As it comes, or a tuned network's folder under the name of the backbone that it started from.
    recipe : Recipe
        How pixels become its input.
    tuned_on : TunedOn or None
        Which rows tuned the weights.
    head : TunedHead or None
        The tuned network's own head.
    """

    id: NetworkId
    backbone: Backbone
    recipe: Recipe
    tuned_on: TunedOn | None = None
    head: "TunedHead | None" = None

    @property
    def name(self) -> str:
        """Name under which the embeddings are kept."""
        return str(self.id)


@dataclass(frozen=True)
class GivenNetwork:
    """A network of which a study has the embeddings alone, made elsewhere: frozen, without weights.

    Parameters
    ----------
    id : NetworkId
    digest : str
        Of ids and vectors.
    n_dimensions : int
    licence : str
        Empty where the file does not say it.
    by : {"image", "case"}
        Whose ids the vectors have.
    """

    id: NetworkId
    digest: str
    n_dimensions: int
    licence: str
    by: By

    @property
    def name(self) -> str:
        """Name under which the embeddings are kept."""
        return str(self.id)


Network = ResolvedNetwork | GivenNetwork


def given_id(name: str) -> NetworkId:
    """Return the network of vectors that were made elsewhere."""
    return NetworkId(name, GIVEN)


def with_pixels_alone(networks: Iterable[Network]) -> list[ResolvedNetwork]:
    """Return the networks that photographs go through."""
    return [each for each in networks if isinstance(each, ResolvedNetwork)]


def frozen_networks(config: StudyConfig) -> list[ResolvedNetwork]:
    """Return the frozen networks of a study that photographs go through; none where no photographs are given.

    Raises
    ------
    BackboneError, ConfigError
        If a backbone is not found, or the flips or the size before a cut do not fit the input.
    """
    folder = Path(config.weights_dir) if config.weights_dir else None
    backbones = [resolve_backbone(name, folder, config.weights, config.seed) for name in config.backbones]
    backbones = [at_size(each, *(config.input_size or (each.height, each.width))) for each in backbones]
    height, width = config.input_size or (None, None)
    networks = [
        ResolvedNetwork(
            NetworkId(backbone.name, RECIPE_NAMES[colour]),
            backbone,
            default_recipe(backbone, height, width, colour, config.fit, config.resized_to),
        )
        for backbone in backbones
        for colour in config.colour
    ]
    for each in networks:
        check_views(config.views, each.recipe.height, each.recipe.width)
    return networks
