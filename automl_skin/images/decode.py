"""From the bytes of a file to RGB pixels, upright and whole, or an error that names the file.

The container is told by its first bytes, never by its name, and its class is opened directly: `Image.open`
warns about large images by a process-wide setting, and warnings cannot be caught safely in threads.

Memory: the header says how much a picture will take, and no more than `decoding_room.MAX_DECODING_BYTES` is decoded
at one time, however many threads ask for it. Conversions go band by band.

Colours: palettes are looked up, CMYK is converted by PIL (embedded colour profiles are not applied), 16-bit
values are scaled by 1/257, and whatever is transparent is laid on white.
"""

import struct
import threading
import warnings
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from PIL import Image, ImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.Image import Transpose
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from automl_skin.arrays import Pixels
from automl_skin.errors import ImageError
from automl_skin.images.acquisition import HeaderFacts, header_facts
from automl_skin.images.decoding_room import DECODING_ROOM, MAX_DECODING_BYTES
from automl_skin.images.orientation import exif_orientation

PIXEL_LIMIT = 200_000_000  # a 6000 x 4000 photograph has 24 million
MAX_SCANS = 200
"""Of a JPEG. Each scan passes over all pixels; a progressive photograph has about ten."""
MAX_SINGLE_SCANS = 2
"""Of a JPEG that is decoded line by line: its own, and that of a thumbnail."""
BAND_PIXELS = 4_000_000
"""Converted at one time."""

_BYTES_PER_PIXEL = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16L": 2, "I;16B": 2, "I;16N": 2}
_MAX_BYTES_PER_PIXEL = 4  # of all other modes, RGB among them
_RGB = 3
FORMATS = "JPEG, PNG, TIFF, BMP and WebP"

# What PIL's readers raise on damaged files.
_DAMAGE = (OSError, SyntaxError, ValueError, TypeError, LookupError, EOFError, struct.error, zlib.error)
_UPRIGHT = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}
_FILTERS = threading.Lock()
_SIXTEEN_BITS = {"I;16": "<u2", "I;16L": "<u2", "I;16B": ">u2", "I;16N": "=u2"}


class _Jpeg(JpegImageFile):
    """A JPEG whose EXIF is left alone: PIL reads the print resolution from it and warns of damage."""

    def getexif(self) -> Image.Exif:
        return Image.Exif()


@dataclass(frozen=True)
class Photograph:
    """An image file whose header has been read and whose pixels have not.

    Parameters
    ----------
    name : str
        What errors call the file.
    width, height : int
        Of the upright image at full resolution, pixels.
    """

    name: str
    width: int
    height: int
    _picture: ImageFile.ImageFile
    _orientation: int
    _scans: int = 0

    @property
    def facts(self) -> HeaderFacts:
        """How it was taken and stored; without facts where its description is damaged."""
        try:
            with _quiet():
                return header_facts(self._picture)
        except _DAMAGE:
            return HeaderFacts()

    @contextmanager
    def decoded(self, minimum_side: int | None = None) -> Iterator[Pixels]:
        """Decode the pixels, once, as `decode` does, holding their memory until the block ends."""
        with _naming(self.name):
            n_bytes = self._decoding_bytes(minimum_side)
        if n_bytes > MAX_DECODING_BYTES:
            message = (
                f"{self.name}: expected an image that takes at most {MAX_DECODING_BYTES / 1e6:.0f} MB to decode, "
                f"got {self.width} x {self.height} pixels ({n_bytes / 1e6:,.0f} MB); shrink the image"
            )
            raise ImageError(message)
        with DECODING_ROOM.hold(n_bytes):
            yield self._pixels(minimum_side)

    def pixels(self, minimum_side: int | None = None) -> Pixels:
        """Decode the pixels, once; see `decode`."""
        with self.decoded(minimum_side) as pixels:
            return pixels

    def _pixels(self, minimum_side: int | None) -> Pixels:
        with _naming(self.name):
            picture = _load(self._picture, minimum_side)
            if self._orientation in _UPRIGHT:
                picture = picture.transpose(_UPRIGHT[self._orientation])
                self._picture.close()
            pixels = _to_rgb(picture)
            picture.close()
            return pixels

    def _decoding_bytes(self, minimum_side: int | None) -> int:
        """Return how much memory decoding takes at most, and colour constancy after it."""
        picture, full = self._picture, self.width * self.height
        before = 0
        if isinstance(picture, JpegImageFile):
            if self._scans > MAX_SINGLE_SCANS or "progressive" in picture.info:
                before = 2 * picture.layers * full  # the coefficients of all scans, two bytes each
            _draft(picture, minimum_side)
        elif isinstance(picture, WebPImageFile):
            before = 2 * _MAX_BYTES_PER_PIXEL * full  # two canvases
        elif isinstance(picture, TiffImageFile):
            before = _MAX_BYTES_PER_PIXEL * max(full, _tile_pixels(picture))
        size = picture.size[0] * picture.size[1]
        per_pixel = _BYTES_PER_PIXEL.get(picture.mode, _MAX_BYTES_PER_PIXEL)
        if self._orientation in _UPRIGHT:
            before += per_pixel * size
        return before + (per_pixel + 2 * _RGB) * size


def read_header(content: bytes, *, name: str, pixel_limit: int = PIXEL_LIMIT) -> Photograph:
    """Read the header of an image file: its kind, size and orientation.

    Parameters
    ----------
    pixel_limit : int
        Largest allowed width times height, so that a small file cannot claim all memory.

    Raises
    ------
    ImageError
        If the file is empty, not an image of a known kind, damaged in its header or too large.
    """
    opener = _opener(content, name)
    with _naming(name):
        picture = opener(BytesIO(content))
    width, height = picture.size
    if width * height > pixel_limit:
        message = f"{name}: expected at most {pixel_limit:,} pixels, got {width} x {height} by its header"
        raise ImageError(f"{message}; shrink the image")
    # PIL itself turns a TIFF upright and reports its upright size.
    orientation = 1 if opener is _open_tiff else exif_orientation(picture.info.get("exif"))
    scans = content.count(b"\xff\xda") if opener is _Jpeg else 0
    if scans > MAX_SCANS:
        message = f"{name}: expected a JPEG of at most {MAX_SCANS} scans, got more; save the image again"
        raise ImageError(message)
    if orientation >= 5:  # EXIF: 5 to 8 swap rows and columns
        width, height = height, width
    return Photograph(name, width, height, picture, orientation, scans)


def decode(
    content: bytes, *, name: str, minimum_side: int | None = None, pixel_limit: int = PIXEL_LIMIT
) -> Pixels:
    """Decode an image file to upright RGB pixels.

    Parameters
    ----------
    content : bytes
        The whole file: JPEG, PNG, TIFF, BMP or WebP (the first image of several).
    minimum_side : int, optional
        Pixels. A JPEG is decoded at 1/2, 1/4 or 1/8 of its size where both sides stay at least this long,
        which is several times faster for large photographs. All other kinds are decoded at full size.
    pixel_limit : int
        Largest allowed width times height at full size.

    Returns
    -------
    ndarray of shape (height, width, 3)
        RGB, uint8.

    Raises
    ------
    ImageError
        If the file is empty, not an image, truncated, damaged, too large, or has no defined white
        (32-bit integers and floats).
    """
    return read_header(content, name=name, pixel_limit=pixel_limit).pixels(minimum_side)


def _open_tiff(stream: BytesIO) -> ImageFile.ImageFile:
    with _quiet():
        return TiffImageFile(stream)


@contextmanager
def _quiet() -> Iterator[None]:
    """Drop PIL's warnings about odd tags, one thread at a time since filters are process-wide."""
    with _FILTERS, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


_Opener = Callable[[BytesIO], ImageFile.ImageFile]
_OPENERS: tuple[tuple[bytes, _Opener], ...] = (
    (b"\xff\xd8\xff", _Jpeg),
    (b"\x89PNG\r\n\x1a\n", PngImageFile),
    (b"II*\0", _open_tiff),
    (b"MM\0*", _open_tiff),
    (b"II+\0", _open_tiff),
    (b"MM\0+", _open_tiff),
    (b"BM", BmpImageFile),
)


def _opener(content: bytes, name: str) -> _Opener:
    if not content:
        raise ImageError(f"{name}: expected an image, got an empty file (0 bytes); fetch the file again")
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return WebPImageFile
    for start, opener in _OPENERS:
        if content.startswith(start):
            return opener
    message = f"{name}: expected an image ({FORMATS}), got a file that begins with {content[:12]!r}"
    raise ImageError(f"{message}; convert it, or remove it from the table")


def _draft(picture: ImageFile.ImageFile, minimum_side: int | None) -> None:
    """Let a JPEG be decoded at a part of its size; the same call again changes nothing."""
    if minimum_side is not None:
        picture.draft(picture.mode, (minimum_side, minimum_side))


def _tile_pixels(picture: TiffImageFile) -> int:
    """Return how many pixels a tile of a TIFF has, which may be more than the picture."""
    width, height = (picture.tag_v2.get(tag, 0) for tag in (322, 323))  # TileWidth, TileLength
    return int(width) * int(height)


def _load(picture: ImageFile.ImageFile, minimum_side: int | None) -> Image.Image:
    _draft(picture, minimum_side)
    if isinstance(picture, TiffImageFile):
        with _quiet():
            picture.load()
    else:
        picture.load()
    return picture


def _to_rgb(picture: Image.Image) -> Pixels:
    if picture.mode in {"I", "F"}:
        raise ValueError("its values have 32 bits, of which none is defined as white; use 8 or 16 bits")
    width, height = picture.size
    rows = max(1, BAND_PIXELS // max(1, width))
    if rows >= height:
        return _band_to_rgb(picture)
    pixels = np.empty((height, width, _RGB), np.uint8)
    for top in range(0, height, rows):
        band = picture.crop((0, top, width, min(top + rows, height)))
        pixels[top : top + rows] = _band_to_rgb(band)
    return pixels


def _band_to_rgb(picture: Image.Image) -> Pixels:
    if picture.mode in _SIXTEEN_BITS:
        return _scaled_grey(picture)
    if picture.has_transparency_data:
        return _on_white(picture.convert("RGBA"))
    return np.array(picture if picture.mode == "RGB" else picture.convert("RGB"))


def _scaled_grey(picture: Image.Image) -> Pixels:
    """Map 0..65535 to 0..255; PIL's own conversion would clip at 255."""
    shape = picture.height, picture.width
    values = np.frombuffer(picture.tobytes(), _SIXTEEN_BITS[picture.mode]).reshape(shape)
    grey = ((values.astype(np.uint32) + 128) // 257).astype(np.uint8)
    return np.repeat(grey[:, :, None], 3, axis=2)


def _on_white(picture: Image.Image) -> Pixels:
    white = Image.new("RGBA", picture.size, "white")
    return np.array(Image.alpha_composite(white, picture).convert("RGB"))


@contextmanager
def _naming(name: str) -> Iterator[None]:
    """Turn what PIL raises into an `ImageError` that names the file."""
    try:
        yield
    except (Image.DecompressionBombError, MemoryError) as error:
        raise ImageError(f"{name}: too large to be decoded ({error}); shrink the image") from error
    except _DAMAGE as error:
        message = f"{name}: expected a whole image, got a damaged one ({error})"
        raise ImageError(f"{message}; fetch or save the file again") from error
