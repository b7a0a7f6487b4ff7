"""What the steps of a search take, by estimate, before they begin."""

from dataclasses import dataclass

import pandas as pd

from automl_skin.data.manifest import Manifest
from automl_skin.data.plan import FoldPlan
from automl_skin.embeddings.given import read_given
from automl_skin.steps.networks import frozen_networks, given_id
from automl_skin.steps.prepare import Prepared
from automl_skin.steps.probe import Photographs, Probe, probe
from automl_skin.steps.shift_embeddings import sample_size
from automl_skin.steps.shifts import MAX_LEADERS
from automl_skin.steps.trial_cost import TrialCost, estimate_trials
from automl_skin.steps.trials import worker_count
from automl_skin.study.config import StudyConfig
from automl_skin.study.study import Study

REFITTED = MAX_LEADERS + 5
"""Trials whose chains are fitted again: leading ones, members of the stack and baselines."""

SECONDS_OF_REPORT = 15.0
"""At least, for stacking, figures with their intervals, plots and MLflow."""


@dataclass(frozen=True)
class Forecast:
    """What was measured on a few photographs, and estimated from the study's settings and sizes.

    Parameters
    ----------
    probes : tuple of Probe
        Of the frozen networks.
    cost : TrialCost
    jobs : int
        Workers.
    shift_cases : int
        Cases that the study asks to be looked at under shift.
    images_per_case : float
        Of the development cases.
    """

    probes: tuple[Probe, ...]
    cost: TrialCost
    jobs: int
    shift_cases: int
    images_per_case: float

    @property
    def stage_one(self) -> float:
        """Seconds of embedding the photographs that the cache does not have."""
        return sum(each.seconds for each in self.probes)

    @property
    def shifted_images(self) -> int:
        """Photographs that the study asks to be embedded under every shift."""
        return round(self.images_per_case * self.shift_cases)

    def shifts(self, n_images: int) -> float:
        """Return the seconds of embedding some photographs under every shift."""
        return float(sum(each.shifted_seconds(n_images) for each in self.probes))

    def conclusion(self, n_trials: int) -> float:
        """Return the seconds of fitting chains again, of the stack, the figures and the report."""
        return self.cost.refit_seconds(min(REFITTED, n_trials), self.jobs) + SECONDS_OF_REPORT


def forecast(
    study: Study, config: StudyConfig, manifest: Manifest, plan: FoldPlan, photographs: Photographs
) -> Forecast:
    """Measure networks and loading on a few photographs, and estimate the rest.

    Parameters
    ----------
    config : StudyConfig
        The study's settings with its data, where these are made up.
    """
    probes = tuple(probe(study, each, photographs) for each in frozen_networks(config))
    dimensions = {each.network: each.n_dimensions for each in probes}
    for name, path in config.given:
        given = read_given(name, path)
        dimensions[given_id(given.name)] = given.n_dimensions
    return Forecast(
        probes,
        estimate_trials(config, manifest, plan, dimensions),
        worker_count(study),
        sample_size(study.config, len(plan.development)) if study.config.measures_shifts else 0,
        mean_images(manifest.images["case"], plan),
    )


def forecast_prepared(prepared: Prepared) -> Forecast:
    """Return the forecast of a study that is prepared."""
    study = prepared.study
    return forecast(study, study.config, prepared.manifest, prepared.plan, Photographs.of_study(prepared))


def mean_images(case_of: "pd.Series[str]", plan: FoldPlan) -> float:
    """Return how many photographs a development case has on average."""
    return float(case_of.value_counts().reindex(plan.development).fillna(0).mean())
