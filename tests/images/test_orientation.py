import struct

import pytest
from PIL import Image

from automl_skin.images.orientation import exif_orientation


def exif(order, entries):
    head = {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(order + "I", 8)
    body = b"".join(struct.pack(order + "HHIHH", tag, kind, 1, value, 0) for tag, kind, value in entries)
    return b"Exif\0\0" + head + struct.pack(order + "H", len(entries)) + body


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_both_byte_orders(order, orientation):
    assert exif_orientation(exif(order, [(0x0100, 3, 7), (0x0112, 3, orientation)])) == orientation


@pytest.mark.parametrize("orientation", range(1, 9))
def test_what_pil_writes(orientation):
    written = Image.Exif()
    written[0x010F] = "a camera"
    written[0x0112] = orientation
    assert exif_orientation(written.tobytes()) == orientation
    assert exif_orientation(written.tobytes().removeprefix(b"Exif\0\0")) == orientation


@pytest.mark.parametrize(
    "data",
    [
        None,
        b"",
        b"Exif\0\0",
        b"Exif\0\0XX*\0\x08\0\0\0",
        b"Exif\0\0II*\0\xff\xff\xff\xff",
        exif("<", [(0x0112, 3, 6)])[:-6],
        exif("<", [(0x0112, 3, 9)]),
        exif("<", [(0x0112, 3, 0)]),
        exif("<", [(0x0112, 2, 6)]),
        exif("<", [(0x0100, 3, 6)]),
    ],
)
def test_none_cut_short_or_invalid_means_upright(data):
    assert exif_orientation(data) == 1
