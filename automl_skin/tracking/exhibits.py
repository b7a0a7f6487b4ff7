"""What a trial shows besides its figures: out-of-fold predictions and one picture."""

import pandas as pd

from automl_skin.arrays import FloatArray
from automl_skin.evaluation.plots.overview import trial_overview
from automl_skin.search.trial import Predictions
from automl_skin.tracking.facts import CaseFacts
from automl_skin.tracking.store import Store

PREDICTIONS = "out_of_fold.csv"
OVERVIEW = "overview.png"


class Exhibits:
    """Writes the artefacts of the trials that are worth it.

    Parameters
    ----------
    cases : CaseFacts
        The development cases in the material's order.
    """

    def __init__(self, cases: CaseFacts) -> None:
        self.cases = cases

    def table(self, probabilities: FloatArray) -> pd.DataFrame:
        """Return the out-of-fold predictions: case, fold, label, probability by class, image.

        Parameters
        ----------
        probabilities : ndarray of shape (n_cases, n_classes)
        """
        classes = self.cases.classes
        binary = len(classes) == 2  # a binary target
        columns = (
            {"probability": probabilities[:, 1]}
            if binary
            else {f"probability_{name}": probabilities[:, label] for label, name in enumerate(classes)}
        )
        shown = pd.DataFrame(columns, index=self.cases.table.index).round(6)
        facts = self.cases.table
        return pd.concat([facts[["fold", "label"]], shown, facts[["image"]]], axis=1)

    def log(self, store: Store, run_id: str, predictions: Predictions) -> None:
        """Write the artefacts of one run."""
        probabilities = predictions.calibrated
        picture = trial_overview(self.cases.labels, probabilities, self.cases.classes)
        table = self.table(probabilities).to_csv(index_label="case")
        store.log_files(run_id, {PREDICTIONS: table.encode(), OVERVIEW: picture})
