"""How good a model is on a collection that it was not trained with: one collection left out after the other."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from automl_skin.evaluation.record import in_words
from automl_skin.metrics.intervals import Interval


@dataclass(frozen=True)
class LeftOutSource:
    """One source, scored by models that were fitted without it.

    Parameters
    ----------
    n_cases : int
        Of the source, development part.
    n_training : int
        Cases of other sources that the models were fitted on.
    aucs : mapping of str to Interval
        By model.
    """

    n_cases: int
    n_training: int
    aucs: Mapping[str, Interval]


@dataclass(frozen=True)
class SourceFigures:
    """Leave-one-source-out figures.

    Parameters
    ----------
    models : mapping of str to str
        Name of each model and what it is; the first one leads.
    too_small : mapping of str to str
        Sources that were not left out, and why.
    tuned_leads : bool
        Whether the study's best trial has tuned networks, which saw every source and cannot be measured this way.
    """

    models: Mapping[str, str]
    sources: Mapping[str, LeftOutSource]
    too_small: Mapping[str, str]
    tuned_leads: bool = False

    @property
    def first(self) -> str:
        """Name of the model that leads."""
        return next(iter(self.models))

    def mean(self, model: str) -> float:
        """Return the mean AUC of a model over the sources."""
        return float(np.mean([each.aucs[model].value for each in self.sources.values()]))

    @property
    def metrics(self) -> dict[str, float]:
        """Figures of the leading model by name, as runs call them; a name keeps letters, digits and ``_ . -``."""
        of_each = {
            f"auc_source_{_plain(name)}": each.aucs[self.first].value for name, each in self.sources.items()
        }
        return {"auc_left_out_source": self.mean(self.first), **of_each}

    def sentences(self) -> list[str]:
        """Return what is to be said."""
        means = ", ".join(f"{name} ({what}) {self.mean(name):.3f}" for name, what in self.models.items())
        how = (
            f"Each of {len(self.sources)} sources was left out of the fitting in turn, with every group that "
            "touches it, and then scored."
        )
        said = [f"{how} Mean AUC over the sources: {means}."]
        if self.tuned_leads:
            said.append(
                "The best trial has tuned networks. They were tuned on cases of every source, so that this figure "
                "cannot be had for it; the best trial with frozen networks stands in."
            )
        said += [f"Not left out: {name} ({why})." for name, why in self.too_small.items()]
        return said

    def lines(self) -> list[str]:
        """Return the figures as lines of text for a terminal."""
        rows = [
            f"  {name}: {', '.join(f'{model} {in_words(auc)}' for model, auc in each.aucs.items())}, "
            f"{each.n_cases:,} cases"
            for name, each in self.sources.items()
        ]
        return [*self.sentences(), *rows]


def _plain(name: str) -> str:
    """Return a source's name as MLflow takes it in the name of a metric."""
    return re.sub(r"[^\w.-]+", "_", name, flags=re.ASCII)
