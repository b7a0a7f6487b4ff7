"""What is known after each epoch of a tuning."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Epoch:
    """One finished epoch.

    Parameters
    ----------
    number, epochs : int
        This epoch, from 1, of how many.
    loss : float
        Mean over the epoch's images, as trained (mixed, augmented).
    inner_auc : float
        Of the target on the watched rows, with averaged weights where there are any, before
        they are mixed with the start (`TuningRecipe.wise`); NaN without.
    images_per_second : float
        Trained on, watching not counted.
    seconds : float
        Of this epoch, watching and saving included.
    seconds_left : float
        Estimate for the epochs that are left.
    """

    number: int
    epochs: int
    loss: float
    inner_auc: float
    images_per_second: float
    seconds: float
    seconds_left: float
