"""The network of the neural head, in NumPy, for prediction."""

import numpy as np

from automl_skin.arrays import FloatArray
from automl_skin.heads.design import Design
from automl_skin.heads.neural.config import MlpConfig
from automl_skin.heads.neural.formula import network_scores
from automl_skin.heads.neural.numpy_engine import NumpyEngine
from automl_skin.heads.stored import Arrays
from automl_skin.rowwise import rowwise_softmax


def network_probabilities(arrays: Arrays, config: MlpConfig, design: Design) -> FloatArray:
    """Return probabilities of shape (n_cases, n_present) of one network, each row as if it were alone.

    Parameters
    ----------
    arrays : mapping
        Of `automl_skin.heads.neural.network.Network`, by their names.
    config : MlpConfig
    design : Design
    """
    image, metadata = (part.astype(np.float64) for part in (design.image, design.metadata))
    return rowwise_softmax(network_scores(NumpyEngine(arrays), config, image, metadata))
