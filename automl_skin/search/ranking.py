"""Fixed trials that rank embedding sets before anything is tuned: one linear head on each set alone."""

from automl_skin.chains.config import BranchConfig, ChainConfig
from automl_skin.heads.catalogue import FAMILIES
from automl_skin.search.propose import Proposal
from automl_skin.search.space import SpaceOptions
from automl_skin.search.trial import TrialPlan


def ranking_config(backbone: str, recipe: str) -> ChainConfig:
    """Return the chain that a set is ranked by: its image alone, logistic regression with default hyperparameters."""
    head = BranchConfig("logistic", FAMILIES["logistic"].config())
    return ChainConfig("image", (head,), (backbone,), recipe)


def ranking_trials(options: SpaceOptions) -> list[Proposal]:
    """Return one trial a set, in the order of the sets; none of them is ever stopped."""
    configs = [
        ranking_config(backbone, recipe) for backbone in options.backbones for recipe in options.recipes
    ]
    return [
        Proposal(TrialPlan(number, "known", config.title, {}, config), None)
        for number, config in enumerate(configs)
    ]
