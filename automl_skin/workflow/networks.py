"""Which networks see which pixels in a study; known, and found wrong, before anything is computed."""

from dataclasses import dataclass
from pathlib import Path

from automl_skin.backbones.catalogue import Backbone, resolve_backbone
from automl_skin.backbones.recipe import default_recipe
from automl_skin.backbones.views import check_views
from automl_skin.chains.inputs import embedding_name
from automl_skin.images.recipe import Recipe
from automl_skin.search.config import StudyConfig

RECIPE_NAMES = {"none": "plain", "shades_of_grey": "grey"}


@dataclass(frozen=True)
class EmbeddingSet:
    """One backbone with one recipe.

    Parameters
    ----------
    backbone : Backbone
    recipe_name : str
        As the search calls it.
    recipe : Recipe
    """

    backbone: Backbone
    recipe_name: str
    recipe: Recipe

    @property
    def name(self) -> str:
        """Name under which the embeddings are kept."""
        return embedding_name(self.backbone.name, self.recipe_name)


def embedding_sets(config: StudyConfig) -> list[EmbeddingSet]:
    """Return the embedding sets of a study.

    Raises
    ------
    BackboneError, ConfigError
        If a backbone is not found, or the flips do not fit the input.
    """
    folder = Path(config.weights_dir) if config.weights_dir else None
    backbones = [resolve_backbone(name, folder, config.weights, config.seed) for name in config.backbone]
    height, width = config.input_size or (None, None)
    sets = [
        EmbeddingSet(backbone, RECIPE_NAMES[colour], default_recipe(backbone, height, width, colour))
        for backbone in backbones
        for colour in config.colour
    ]
    for each in sets:
        check_views(config.views, each.recipe.height, each.recipe.width)
    return sets
