"""What a perfect model would reach: the AUC of the true risk on given cases."""

from pathlib import Path
from typing import Any

import numpy.typing as npt
import pandas as pd
from sklearn.metrics import roc_auc_score

from automl_skin.arrays import FloatArray
from automl_skin.errors import IntegrityError, TableError

ORACLE_NAME = "oracle.csv"
_SCORES = {"image": "image_score", "metadata": "metadata_score", "both": "score"}


def read_oracle(folder: Path) -> pd.DataFrame:
    """Read the truth of a synthetic study.

    Returns
    -------
    DataFrame
        Index ``image_id``; columns ``lesion_id``, the four factors, ``keratinocytic``, ``image_score``,
        ``metadata_score``, ``score`` (log odds), ``risk`` (probability) and ``malignant`` (bool).

    Raises
    ------
    IntegrityError
        If the folder holds no finished synthetic study.
    """
    path = Path(folder) / ORACLE_NAME
    if not path.is_file():
        message = f"{path} must exist in a synthetic study and does not; generate the study first"
        raise IntegrityError(message)
    return pd.read_csv(path, index_col="image_id")


def oracle_auc(oracle: pd.DataFrame) -> dict[str, float]:
    """Return the AUC of the true risk from ``image`` factors, from ``metadata`` and from ``both``.

    The image and the metadata score are each monotone in the risk given that part alone, so their AUC is
    the best that a model of that part can reach on average over studies; on one sample luck may beat it.

    Raises
    ------
    TableError
        If the rows are all malignant or all benign.
    """
    labels = oracle["malignant"].astype(int)
    if labels.empty or labels.min() == labels.max():
        message = f"the oracle needs malignant and benign cases; all {len(labels)} given are of one class"
        raise TableError(message)
    return {
        name: auc_of_scores(labels.to_numpy(), oracle[column].to_numpy()) for name, column in _SCORES.items()
    }


def auc_of_scores(malignant: npt.NDArray[Any], scores: FloatArray) -> float:
    """Return the AUC of one score of cases of both classes, each of shape (n_cases,)."""
    return float(roc_auc_score(malignant, scores))
