"""One photograph beside itself under heat, with text below: nothing is written over the lesion."""

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import matplotlib as mpl
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from automl_skin.arrays import Float32Array, Pixels
from automl_skin.evaluation.plots.style import INK
from automl_skin.explain.plots.heat_grid import overlay

_MARGIN, _LINE, _LETTERS = 10, 20, 14  # pixels
_MIN_WIDTH = 720  # pixels, for the text


def heat_picture(photograph: Pixels, heat: Float32Array, lines: Sequence[str]) -> bytes:
    """Draw a photograph and its heat side by side as PNG.

    Parameters
    ----------
    photograph : ndarray of shape (height, width, 3)
        RGB, uint8, as it is printed.
    heat : ndarray of shape (height, width)
        At least 0; drawn in shares of its greatest.
    lines : sequence of str
        Written below; what does not fit ends in dots.
    """
    height, width = photograph.shape[:2]
    share = heat / max(float(heat.max()), 1e-12)
    hot = np.round(255 * overlay(photograph, share)).astype(np.uint8)
    wide = max(_MIN_WIDTH, 2 * width + 3 * _MARGIN)
    sheet = Image.new("RGB", (wide, height + 3 * _MARGIN + _LINE * len(lines)), "white")
    for number, pixels in enumerate((photograph, hot)):
        sheet.paste(
            Image.fromarray(np.ascontiguousarray(pixels)), (_MARGIN + number * (width + _MARGIN), _MARGIN)
        )
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.truetype(Path(mpl.get_data_path(), "fonts", "ttf", "DejaVuSans.ttf"), _LETTERS)
    for number, line in enumerate(lines):
        text = _fitting(draw, "".join(each if each.isprintable() else " " for each in line), font, wide)
        draw.text((_MARGIN, height + 2 * _MARGIN + _LINE * number), text, fill=INK, font=font)
    stream = BytesIO()
    sheet.save(stream, format="PNG")
    return stream.getvalue()


def _fitting(draw: ImageDraw.ImageDraw, text: str, font: ImageFont.FreeTypeFont, wide: int) -> str:
    """Return a text that ends in dots where it is too long for one line."""
    room, text = wide - 2 * _MARGIN, text[:wide]
    if draw.textlength(text, font) <= room:
        return text
    while text and draw.textlength(f"{text}…", font) > room:
        text = text[:-1]
    return f"{text}…"
