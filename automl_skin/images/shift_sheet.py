"""The contact sheet of the shift suite."""

from collections.abc import Sequence

from automl_skin.arrays import Pixels
from automl_skin.images.contact_sheet import contact_sheet
from automl_skin.images.shifts import SHIFTS, shift

_PER_LINE = 7


def shift_sheet(photographs: Sequence[Pixels], contents: Sequence[str], seed: int = 0) -> bytes:
    """Return a PNG of photographs as they are and under every shift of the suite.

    Parameters
    ----------
    photographs : sequence of ndarray of shape (any height, any width, 3)
        RGB, uint8, as decoded.
    contents : sequence of str
        Digests of the image files' bytes.
    seed : int
        Of the suite.
    """
    columns: dict[str, Sequence[Pixels]] = {"as it is": photographs}
    for name in SHIFTS:
        columns[name] = [
            shift(name, pixels, seed, content) for pixels, content in zip(photographs, contents, strict=True)
        ]
    return contact_sheet(columns, per_line=_PER_LINE)
