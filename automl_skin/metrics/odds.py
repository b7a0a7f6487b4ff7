"""Log-odds of probabilities."""

import numpy as np
import scipy.special

from automl_skin.arrays import FloatArray


def log_odds(scores: FloatArray) -> FloatArray:
    """Return the log-odds of probabilities; 0 and 1 are moved inwards by 1e-12."""
    given: FloatArray = scipy.special.logit(np.clip(scores, 1e-12, 1 - 1e-12))
    return given
