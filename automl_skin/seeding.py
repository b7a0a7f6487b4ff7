"""One seed in the study; every random act derives its own from it by name."""

import hashlib

import numpy as np


def derive_seed(seed: int, *names: str | int) -> int:
    """Derive the seed of one named random act.

    Parameters
    ----------
    seed : int
        The study's seed.
    *names : str or int
        What the act is, from the general to the particular, such as ``"trial", 17, "fold", 2``.

    Returns
    -------
    int
        In [0, 2**31), accepted by NumPy, torch, LightGBM and XGBoost alike.

    Examples
    --------
    >>> derive_seed(0, "trial", 17) == derive_seed(0, "trial", 17)
    True
    >>> derive_seed(0, "trial", 17) == derive_seed(0, "trial", 18)
    False
    """
    text = "\x1f".join(map(repr, (seed, *names)))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") >> 1


def generator(seed: int, *names: str | int) -> np.random.Generator:
    """Return NumPy's generator for one named random act; see `derive_seed`."""
    return np.random.default_rng(derive_seed(seed, *names))
