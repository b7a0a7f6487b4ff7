"""How long the trials of a search will take, and fitting chains again after it, before there is an embedding."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from automl_skin.chains.config import ChainConfig
from automl_skin.chains.cost import ChainCost
from automl_skin.chains.inputs import CaseInputs
from automl_skin.chains.targets import TrainingLabels
from automl_skin.data.manifest import Manifest
from automl_skin.data.plan import FoldPlan
from automl_skin.features.lesion import roles_of
from automl_skin.networks import NetworkId
from automl_skin.search.cost import MAX_TIMES_MEDIAN, MIN_SECONDS
from automl_skin.search.known import fixed_trials
from automl_skin.search.propose import propose
from automl_skin.search.space import SpaceOptions
from automl_skin.study.config import StudyConfig
from automl_skin.study.understood import target_of

N_DRAWN = 40
"""Chains that are drawn at random to know what a proposal costs on average."""

SECONDS_OF_RECORDING = 0.5
"""Per trial, in the parent process: metrics with their intervals, files, and the run in MLflow."""


@dataclass(frozen=True)
class TrialCost:
    """What trials cost, by estimate, with frozen networks.

    Parameters
    ----------
    fixed : tuple of float
        Seconds of the trials that every study begins with, in their order.
    proposed : float
        Mean seconds of a proposal.
    """

    fixed: tuple[float, ...]
    proposed: float

    def search_seconds(self, n_trials: int, jobs: int) -> float:
        """Return the seconds of the first trials of a study, by some workers."""
        fixed = self.fixed[:n_trials]
        fitting = sum(fixed) + (n_trials - len(fixed)) * self.proposed
        return fitting / jobs + n_trials * SECONDS_OF_RECORDING

    def refit_seconds(self, n_trials: int, jobs: int) -> float:
        """Return the seconds of fitting the chains of the best trials again."""
        return n_trials * max(self.proposed, float(np.mean(self.fixed))) / jobs


def estimate_trials(
    config: StudyConfig, manifest: Manifest, plan: FoldPlan, dimensions: Mapping[NetworkId, int]
) -> TrialCost:
    """Estimate what the trials of a study cost.

    Parameters
    ----------
    dimensions : mapping of NetworkId to int
        Columns of the embeddings by each frozen network.
    """
    target = target_of(manifest)
    n_cases, roles = len(plan.development), _roles_of(manifest)
    empty = {
        str(network): np.broadcast_to(np.float32(0), (n_cases, count * max(len(roles), 1)))
        for network, count in dimensions.items()
    }
    whole = np.ones(n_cases, np.bool_)
    has_role = np.ones((n_cases, len(roles)), np.bool_) if roles else None
    metadata = manifest.metadata.loc[list(plan.development)]
    inputs = CaseInputs(empty, whole, metadata, roles=roles, has_role=has_role)
    n_classes, levels = len(target.classes), target.levels
    nobody = np.zeros(n_cases, np.int64)
    labels = TrainingLabels(nobody, nobody, (0,) * len(levels), n_classes)
    cost = ChainCost(inputs, labels, manifest.kinds, len(plan.folds))
    options = SpaceOptions(
        backbones=tuple(dict.fromkeys(network.backbone for network in dimensions)),
        recipes=tuple(dict.fromkeys(network.recipe for network in dimensions if not network.is_given)),
        families=config.family,
        fusions=config.fusion,
        has_metadata=bool(manifest.kinds),
        diagnosis=len(levels) > n_classes,
        roles=roles,
        given=tuple(network.backbone for network in dimensions if network.is_given),
    )
    fixed = tuple(cost.seconds(each.plan.config) for each in fixed_trials(options))
    limit = max(MIN_SECONDS, MAX_TIMES_MEDIAN * float(np.median(fixed)))
    tried = [seconds for seconds in map(cost.seconds, _drawn(options, config.seed)) if seconds <= limit]
    return TrialCost(fixed, float(np.mean(tried)) if tried else 0.0)


def _drawn(options: SpaceOptions, seed: int) -> Sequence[ChainConfig]:
    return [propose(number, [], [], options, seed, "random").plan.config for number in range(N_DRAWN)]


def _roles_of(manifest: Manifest) -> tuple[str, ...]:
    roles = roles_of(manifest.images)
    return roles if len(roles) > 1 else ()
