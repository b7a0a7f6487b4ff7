"""Which networks see which pixels in a study; known, and found wrong, before anything is computed."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from automl_skin.backbones.catalogue import Backbone, at_size, resolve_backbone
from automl_skin.backbones.recipe import default_recipe
from automl_skin.backbones.views import check_views
from automl_skin.chains.inputs import FROZEN, embedding_name
from automl_skin.embeddings.key import TunedOn
from automl_skin.images.recipe import Recipe
from automl_skin.study.config import StudyConfig

if TYPE_CHECKING:
    from automl_skin.backbones.tuning.tuned_head import TunedHead

RECIPE_NAMES = {"none": "plain", "shades_of_grey": "grey"}


@dataclass(frozen=True)
class EmbeddingSet:
    """One network with one recipe.

    Parameters
    ----------
    backbone : Backbone
        As it comes, or a tuned network's folder under the name of the backbone that it started from.
    recipe_name : str
        As the search calls it.
    recipe : Recipe
    tuning : str
        Name of the tuning, "frozen" for weights as they come.
    held_out : tuple of int
        Folds that the tuning has not seen.
    tuned_on : TunedOn or None
        Which rows tuned the weights.
    head : TunedHead or None
        The tuned network's own head.
    role : str
        The kind of photograph that a tower was tuned on; empty for a network of all kinds.
    """

    backbone: Backbone
    recipe_name: str
    recipe: Recipe
    tuning: str = FROZEN
    held_out: tuple[int, ...] = ()
    tuned_on: TunedOn | None = None
    head: "TunedHead | None" = None
    role: str = ""

    @property
    def name(self) -> str:
        """Name under which the embeddings are kept."""
        return embedding_name(self.backbone.name, self.recipe_name, self.tuning, self.held_out, self.role)

    @property
    def title(self) -> str:
        """What a person calls it."""
        if self.tuning == FROZEN:
            return f"{self.backbone.name} ({self.recipe_name})"
        without = ", ".join(map(str, self.held_out))
        tower = f" of {self.role} photographs" if self.role else ""
        return f"{self.backbone.name} ({self.recipe_name}), {self.tuning}{tower} without fold {without}"


def embedding_sets(config: StudyConfig) -> list[EmbeddingSet]:
    """Return the embedding sets of a study.

    Raises
    ------
    BackboneError, ConfigError
        If a backbone is not found, or the flips or the size before a cut do not fit the input.
    """
    folder = Path(config.weights_dir) if config.weights_dir else None
    backbones = [resolve_backbone(name, folder, config.weights, config.seed) for name in config.backbone]
    backbones = [at_size(each, *(config.input_size or (each.height, each.width))) for each in backbones]
    height, width = config.input_size or (None, None)
    sets = [
        EmbeddingSet(
            backbone,
            RECIPE_NAMES[colour],
            default_recipe(backbone, height, width, colour, config.fit, config.resized_to),
        )
        for backbone in backbones
        for colour in config.colour
    ]
    for each in sets:
        check_views(config.views, each.recipe.height, each.recipe.width)
    return sets
