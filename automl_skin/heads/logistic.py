"""Logistic regression with an L2 penalty, multinomial for several classes."""

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import softmax

from automl_skin.arrays import Float32Array, FloatArray, IntArray
from automl_skin.heads.cost import DesignSize
from automl_skin.heads.design import Design
from automl_skin.heads.protocol import Family
from automl_skin.heads.signature import Signature
from automl_skin.heads.space import Real, Space
from automl_skin.heads.stored import Facts, check_arrays, read_arrays, write_arrays
from automl_skin.heads.training import Targets

FILE_NAME = "logistic.safetensors"
# Measured on 6,400 x 1,280 and x 3,840 columns in float32: continuing to 1e-4 and 300 iterations doubles the
# time and changes the AUC by less than 0.001, never upwards. Stopping early is one more shrinkage.
TOLERANCE = 1e-3
MAX_ITERATIONS = 100


@dataclass(frozen=True)
class LogisticConfig:
    """Strength of the penalty.

    Parameters
    ----------
    c : float
        scikit-learn's `C`, the inverse of the penalty's strength.
    metadata_scale : float
        Factor on the metadata columns: the greater, the less they are penalised. A handful of metadata
        columns would otherwise be shrunk like each one of a thousand embedding columns.
    """

    c: float = 3e-3
    metadata_scale: float = 2.0


SPACE: Space = {"c": Real(1e-5, 10.0, log=True), "metadata_scale": Real(0.5, 10.0, log=True)}


@dataclass(frozen=True)
class LogisticHead:
    """Fitted coefficients.

    Parameters
    ----------
    signature : Signature
    coefficients : ndarray of shape (n_columns, n_scores), float64
        One score for two classes (the second against the first), else one per class.
    intercepts : ndarray of shape (n_scores,), float64
    """

    signature: Signature
    coefficients: FloatArray
    intercepts: FloatArray

    def predict(self, design: Design) -> FloatArray:
        """Return probabilities of shape (n_cases, n_classes)."""
        self.signature.check(design)
        scores = design.matrix.astype(np.float64) @ self.coefficients + self.intercepts
        if scores.shape[1] == 1:
            scores = np.column_stack([np.zeros(len(scores)), scores])
        return self.signature.spread(softmax(scores, axis=1))

    def save(self, folder: Path) -> None:
        """Write ``head.json`` and the coefficients."""
        self.signature.write(folder)
        write_arrays(folder / FILE_NAME, {"coefficients": self.coefficients, "intercepts": self.intercepts})


def fit(
    config: LogisticConfig,
    design: Design,
    targets: Targets,
    seed: int,  # noqa: ARG001 - the protocol's; nothing here is random
    threads: int,
) -> LogisticHead:
    """Fit a head; see `Family`."""
    scale = np.ones(design.n_columns, dtype=np.float32)
    scale[design.image_columns :] = config.metadata_scale
    model = _fit_quietly(config.c, design.matrix * scale, targets.codes, targets.weights, threads)
    coefficients = model.coef_.T.astype(np.float64) * scale[:, None]
    return LogisticHead(Signature.of(design, targets), coefficients, model.intercept_.astype(np.float64))


def load(folder: Path) -> LogisticHead:
    """Load what `LogisticHead.save` wrote.

    Raises
    ------
    IntegrityError
        If the coefficients are not those of the head's columns and classes.
    """
    signature, path = Signature.read(folder), folder / FILE_NAME
    arrays = read_arrays(path)
    facts: dict[str, Facts] = {
        "coefficients": (np.float64, (signature.n_columns, signature.n_scores)),
        "intercepts": (np.float64, (signature.n_scores,)),
    }
    check_arrays(path, arrays, facts)
    return LogisticHead(signature, **arrays)


def _fit_quietly(c: float, matrix: Float32Array, codes: IntArray, weights: FloatArray, threads: int) -> Any:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    model = LogisticRegression(C=c, tol=TOLERANCE, max_iter=MAX_ITERATIONS)
    # OpenBLAS's float32 product of a matrix of five columns and a vector (AVX-512) also multiplies what lies on
    # the stack: the result is right, and yet NumPy may report an invalid value. `search` refuses real ones.
    with warnings.catch_warnings(), np.errstate(invalid="ignore"), threadpool_limits(limits=threads):
        # Ending at MAX_ITERATIONS is meant: see above.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(matrix, codes, weights.astype(np.float32))


def estimate_seconds(config: LogisticConfig, size: DesignSize) -> float:  # noqa: ARG001 - the protocol's
    """Estimate the seconds of a fit: how often the matrix is read depends on the data more than on the penalty."""
    return 0.02 + 2e-8 * size.n_cases * size.n_columns * size.n_scores


FAMILY = Family("logistic", LogisticConfig, SPACE, fit, load, estimate_seconds, of_trees=False)
