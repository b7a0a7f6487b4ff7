from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from automl_skin.images.acquisition import HeaderFacts
from automl_skin.images.decode import read_header

PIXELS = np.random.default_rng(0).integers(0, 256, (40, 50, 3), dtype=np.uint8)


def saved(kind, quality=80, **tags):
    exif = Image.Exif()
    for tag, text in tags.items():
        exif[{"make": 0x010F, "model": 0x0110, "software": 0x0131, "taken": 0x0132}[tag]] = text
    stream = BytesIO()
    Image.fromarray(PIXELS).save(stream, kind, quality=quality, exif=exif)
    return stream.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_camera_software_and_date_are_read_from_every_container(kind):
    content = saved(kind, make="Canon\0", model="EOS", software="Lightroom", taken="2019:03:05 10:00:00")
    facts = read_header(content, name="x").facts
    seen = (facts.container, facts.camera, facts.software, facts.taken)
    assert seen == (kind, "Canon EOS", "Lightroom", "2019:03:05 10:00:00")


def test_a_better_jpeg_has_finer_steps():
    steps = [read_header(saved("JPEG", quality), name="x").facts.quantisation for quality in (95, 80, 40)]
    assert 0 < steps[0] < steps[1] < steps[2]
    assert read_header(saved("PNG"), name="x").facts.quantisation == 0


def test_a_damaged_description_is_none():
    content = saved("JPEG", make="Canon")
    start = content.index(b"Exif\0\0") + 6
    for place in range(start, start + 24):
        broken = content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :]
        photograph = read_header(broken, name="x")
        assert isinstance(photograph.facts, HeaderFacts)
        assert photograph.pixels().shape == PIXELS.shape
