"""Fixed trials that rank frozen networks before anything is tuned: one linear head on each alone."""

from automl_skin.chains.config import BranchConfig, ChainConfig
from automl_skin.heads.catalogue import FAMILIES
from automl_skin.networks import NetworkId
from automl_skin.search.propose import Proposal
from automl_skin.search.space import SpaceOptions
from automl_skin.search.trial import TrialPlan


def ranking_config(network: NetworkId) -> ChainConfig:
    """Return the chain that ranks a frozen network: its image alone, logistic regression as it is by default."""
    head = BranchConfig("logistic", FAMILIES["logistic"].config())
    return ChainConfig("image", (head,), (network,))


def list_ranking_trials(options: SpaceOptions) -> list[Proposal]:
    """Return one trial per frozen network, in their order; none of them is ever stopped."""
    configs = [ranking_config(network) for network in options.frozen]
    return [
        Proposal(TrialPlan(number, "known", config.title, {}, config), None)
        for number, config in enumerate(configs)
    ]
