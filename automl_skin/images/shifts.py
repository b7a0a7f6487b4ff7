"""The shift suite: what a photograph might have looked like in another hospital.

Twelve changes of one strength each, chosen to be what a change of dermatoscope, camera, lamp or archive does: well
visible side by side, and no obstacle to a dermatologist. Their kinds follow the benchmark of Maron et al., "A
benchmark for neural network robustness in skin cancer classification", European Journal of Cancer 155:191, 2021, and
ImageNet-C (Hendrycks and Dietterich, ICLR 2019), whose strengths are quoted where they apply; the other strengths are
our choice, made by looking. Signs, hues and places are drawn for each photograph, from the seed, the shift's name
and the photograph's content alone: the same photograph is changed in the same way wherever it lies.
"""

from collections.abc import Callable, Sequence
from types import MappingProxyType

import numpy as np

from automl_skin.arrays import Pixels
from automl_skin.errors import ConfigError
from automl_skin.images.contact_sheet import contact_sheet
from automl_skin.images.shift_colour import colour_cast, contrast, gamma, white_balance
from automl_skin.images.shift_optics import blur, crop, dark_corners, jpeg, scale, vignette
from automl_skin.images.shift_overlays import hair, ruler
from automl_skin.seeding import generator

Shift = Callable[[Pixels, np.random.Generator], Pixels]

_PER_LINE = 7
SHIFT_VERSION = 1
"""Raise it whenever a shift gives other pixels, so that nothing computed from the old ones is used."""

_SHEET_COLUMNS = 7

SHIFTS: MappingProxyType[str, Shift] = MappingProxyType(
    {
        "colour_cast": colour_cast,
        "white_balance": white_balance,
        "gamma": gamma,
        "contrast": contrast,
        "vignette": vignette,
        "dark_corners": dark_corners,
        "scale": scale,
        "crop": crop,
        "blur": blur,
        "jpeg": jpeg,
        "hair": hair,
        "ruler": ruler,
    }
)


def shift(name: str, pixels: Pixels, seed: int, content: str) -> Pixels:
    """Change a photograph as another hospital might.

    Parameters
    ----------
    name : str
        One of `SHIFTS`.
    pixels : ndarray of shape (height, width, 3)
        RGB, uint8; left as it is.
    content : str
        Digest of the image file's bytes.

    Returns
    -------
    ndarray of shape (height, width, 3)
        RGB, uint8.

    Raises
    ------
    ConfigError
        If there is no such shift.
    """
    return _named(name)(pixels, generator(seed, "shift", name, content))


def shift_key(name: str, seed: int) -> str:
    """Return what tells shifts apart that give different pixels: name, version, seed; empty for no shift.

    Raises
    ------
    ConfigError
        If there is no such shift.
    """
    if name:
        _named(name)
    return f"{name}-{SHIFT_VERSION}-{seed}" if name else ""


def _named(name: str) -> Shift:
    if name not in SHIFTS:
        raise ConfigError(f"expected a shift among {', '.join(SHIFTS)}, got {name!r}; choose one of them")
    return SHIFTS[name]


def shift_sheet(photographs: Sequence[Pixels], contents: Sequence[str], seed: int = 0) -> bytes:
    """Return a PNG of photographs as they are and under every shift of the suite.

    Parameters
    ----------
    photographs : sequence of ndarray of shape (any height, any width, 3)
        RGB, uint8, as decoded.
    contents : sequence of str
        Digests of the image files' bytes.
    """
    columns: dict[str, Sequence[Pixels]] = {"as it is": photographs}
    for name in SHIFTS:
        columns[name] = [
            shift(name, pixels, seed, content) for pixels, content in zip(photographs, contents, strict=True)
        ]
    return contact_sheet(columns, per_line=_PER_LINE)
