"""What a fitted chain makes of embeddings, as a score with a gradient.

Predictions have no gradient of their own, since scaling, projection and calibration are NumPy. Central differences give
it for every head that is smooth, linear or neural, tuned with its network or not, with metadata or without, by the very
function that scores cases. On heads that are linear they are exact up to rounding.
"""

from dataclasses import dataclass

import numpy as np

from automl_skin.arrays import Float32Array, FloatArray, IntArray
from automl_skin.chains.config import ChainConfig
from automl_skin.chains.fitted import FittedChain
from automl_skin.chains.inputs import CaseInputs
from automl_skin.errors import ConfigError
from automl_skin.heads.catalogue import HEADS

STEP = 0.25
"""Of the differences, in standard deviations of a column: large beside rounding, small beside what a head bends on."""

_SMALLEST = 1e-12  # probability that log-odds are taken of


def has_gradient(config: ChainConfig) -> bool:
    """Return whether the image can be explained by heat: there is one, and a smooth head sees it."""
    return config.uses_image and not HEADS[config.family].of_trees


@dataclass(frozen=True)
class ChainScore:
    """Log-odds of one class per case, by the branch of a chain that sees the image.

    In the fusions ``late`` and ``rank`` that branch sees the image alone, and metadata change no heat.

    Parameters
    ----------
    inputs : CaseInputs
        Of the cases, with the embeddings that the chain applies.
    classes : ndarray of shape (n_cases,)
        The class that each case is scored for.

    Raises
    ------
    ConfigError
        If the chain has no image, or a head without gradients.
    """

    chain: FittedChain
    inputs: CaseInputs
    classes: IntArray

    def __post_init__(self) -> None:
        if not has_gradient(self.chain.config):
            message = f"heat: expected a trial with an image and a head with gradients, got {self.chain.config.title!r}"
            raise ConfigError(f"{message}; explain one with a linear or neural head, or the network's own")

    def gradient(
        self, name: str, firsts: IntArray, embeddings: Float32Array, spread: Float32Array | FloatArray
    ) -> FloatArray:
        """Return the gradient of the log-odds with respect to some columns of an embedding.

        Parameters
        ----------
        name : str
            Of the embedding.
        firsts : ndarray of shape (n_cases,)
            Where the columns begin: kinds of photograph stand side by side.
        embeddings : ndarray of shape (n_cases, n_dimensions)
            Where the gradient is taken: what the columns hold instead.
        spread : ndarray of shape (n_dimensions,)
            Standard deviations of the columns, which the steps are in proportion to.

        Returns
        -------
        ndarray of shape (n_cases, n_dimensions)
        """
        steps = STEP * np.maximum(spread, max(float(np.mean(spread)), 1e-6))
        return np.stack(
            [
                self._gradient_of(case, name, int(first), embedding, steps)
                for case, (first, embedding) in enumerate(zip(firsts, embeddings, strict=True))
            ]
        )

    def _gradient_of(
        self, case: int, name: str, first: int, embedding: Float32Array, steps: FloatArray
    ) -> FloatArray:
        around = np.diag(steps)
        rows = (embedding + np.concatenate([around, -around])).astype(np.float32)
        above, below = np.split(self.log_odds(case, name, first, rows), 2)
        n = len(steps)
        taken = rows[:n].diagonal().astype(np.float64) - rows[n:].diagonal()  # as rounded
        return np.asarray((above - below) / taken)

    def log_odds(self, case: int, name: str, first: int, rows: Float32Array) -> FloatArray:
        """Return the log-odds of one case with each of some rows in place of columns of an embedding.

        Parameters
        ----------
        case : int
            Its position.
        name : str
            As in `gradient`.
        first : int
            Where its columns begin.
        rows : ndarray of shape (n_rows, n_dimensions)

        Returns
        -------
        ndarray of shape (n_rows,)
        """
        alone = self.inputs.only(self.chain.image_names).take(np.array([case]))
        inputs = alone.take(np.zeros(len(rows), np.int64))
        inputs.embeddings[name][:, first : first + rows.shape[1]] = rows  # of a copy
        encoder = self.chain.encoder
        metadata = np.repeat(encoder.transform(alone.metadata), len(rows), axis=0) if encoder else None
        image = self.chain.project(inputs, metadata)
        probability = self.chain.branch_probabilities(image, metadata)[0][:, self.classes[case]]
        probability = np.clip(probability, _SMALLEST, 1.0 - _SMALLEST)
        return np.asarray(np.log(probability) - np.log1p(-probability))
