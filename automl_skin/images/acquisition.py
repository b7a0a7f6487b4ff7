"""How a photograph was taken and stored, by its header: nothing of it shows the lesion."""

from dataclasses import dataclass

from PIL import Image, ImageFile

_MAKE, _MODEL, _SOFTWARE, _DATE_TIME = 0x010F, 0x0110, 0x0131, 0x0132
_MAX_TEXT = 80


@dataclass(frozen=True)
class HeaderFacts:
    """What a header says besides the size of the image; empty or 0 where it does not say.

    Parameters
    ----------
    container : str
        Such as JPEG.
    camera, software : str
    taken : str
        As EXIF writes a moment, ``2019:03:05 10:00:00``.
    quantisation : int
        Sum of the entries of a JPEG's first quantisation table: the smaller, the higher its quality.
    """

    container: str = ""
    camera: str = ""
    software: str = ""
    taken: str = ""
    quantisation: int = 0


def header_facts(picture: ImageFile.ImageFile) -> HeaderFacts:
    """Return the facts of an opened image file, whose pixels are not looked at.

    Raises
    ------
    Exception
        What PIL raises on a damaged description; the image itself may be whole.
    """
    exif = Image.Exif()
    raw = picture.info.get("exif")
    if isinstance(raw, bytes):
        exif.load(raw)
    tags = getattr(picture, "tag_v2", exif)  # a TIFF has them in its own directory
    make, model, software, taken = (_text(tags.get(tag)) for tag in (_MAKE, _MODEL, _SOFTWARE, _DATE_TIME))
    tables = getattr(picture, "quantization", None) or {}
    return HeaderFacts(
        container=picture.format or "",
        camera=f"{make} {model}".strip(),
        software=software,
        taken=taken,
        quantisation=sum(next(iter(tables.values()), ())),
    )


def _text(value: object) -> str:
    text = value if isinstance(value, str) else ""
    return text.replace("\0", " ").strip()[:_MAX_TEXT]
