"""Contact sheets: pictures in rows and columns under their names, for people to look at."""

from collections.abc import Mapping, Sequence
from io import BytesIO

import numpy as np
from PIL import Image, ImageDraw

from automl_skin.arrays import Pixels

_GAP = 2
_LINE = 14


def contact_sheet(
    columns: Mapping[str, Sequence[Pixels]], rows: Sequence[str] = (), *, per_line: int = 0, side: int = 160
) -> bytes:
    """Lay pictures out and return a PNG.

    Parameters
    ----------
    columns : mapping of str to sequence of ndarray of shape (any height, any width, 3)
        The variants of the photographs by name; RGB, uint8. Each has one picture per photograph, in one order.
    rows : sequence of str, optional
        Names of the photographs.
    per_line : int
        Columns before a new band of rows begins; 0 is all in one.
    side : int
        Pictures are fitted into squares of so many pixels, larger and smaller ones alike.

    Returns
    -------
    bytes
        Of a PNG file.
    """
    names = list(columns)
    per_line = per_line or max(1, len(names))
    bands = [names[start : start + per_line] for start in range(0, len(names), per_line)]
    fitted = {name: [_fitted(pixels, side) for pixels in pictures] for name, pictures in columns.items()}
    row_height = (
        max((picture.height for pictures in fitted.values() for picture in pictures), default=0) + _GAP
    )
    band_height = _LINE + max(map(len, fitted.values()), default=0) * row_height
    sheet = Image.new("RGB", (per_line * (side + _GAP), max(1, len(bands) * band_height)), "white")
    for position, band in enumerate(bands):
        for column, name in enumerate(band):
            corner = (column * (side + _GAP), position * band_height)
            _write_name(sheet, name, corner, side)
            for row, picture in enumerate(fitted[name]):
                place = (corner[0], corner[1] + _LINE + row * row_height)
                sheet.paste(picture, place)
                if column == 0 and row < len(rows):
                    _write_over(sheet, rows[row], place)
    stream = BytesIO()
    sheet.save(stream, format="PNG")
    return stream.getvalue()


def _write_name(sheet: Image.Image, name: str, corner: tuple[int, int], side: int) -> None:
    draw = ImageDraw.Draw(sheet)
    while draw.textlength(name) > side:
        name = name[:-1]
    draw.text(corner, name, fill="black")


def _write_over(sheet: Image.Image, name: str, corner: tuple[int, int]) -> None:
    place = (corner[0] + 3, corner[1] + 1)
    ImageDraw.Draw(sheet).text(place, name, fill="white", stroke_width=1, stroke_fill="black")


def _fitted(pixels: Pixels, side: int) -> Image.Image:
    height, width = pixels.shape[:2]
    scale = side / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return Image.fromarray(np.ascontiguousarray(pixels)).resize(size, Image.Resampling.LANCZOS)
