import struct
import time
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageOps

from automl_skin.errors import ImageError
from automl_skin.images import decode as module
from automl_skin.images.decode import decode, read_header
from automl_skin.images.recipe import resize


def scene(height=60, width=80):
    """A smooth picture that no turn or flip maps to itself."""
    rows, columns = np.mgrid[0:height, 0:width]
    red, green = 255 * rows / height, 255 * columns / width
    blue = 200.0 * ((rows < height / 3) & (columns < width / 3))
    return np.stack([red, green, blue], axis=2).astype(np.uint8)


def encoded(picture, kind, **options):
    stream = BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


def difference(left, right):
    return np.abs(left.astype(int) - right.astype(int)).mean()


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP"])
def test_lossless_rgb_comes_back_as_it_was(kind):
    pixels = decode(encoded(Image.fromarray(scene()), kind), name="a")
    assert pixels.dtype == np.uint8
    np.testing.assert_array_equal(pixels, scene())


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_lossy_rgb_comes_back_nearly(kind):
    assert difference(decode(encoded(Image.fromarray(scene()), kind, quality=95), name="a"), scene()) < 4


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_exif_orientation_is_turned_upright(kind, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = encoded(Image.fromarray(scene()), kind, exif=exif)
    header = read_header(stored, name="a")
    pixels = header.pixels()
    with Image.open(BytesIO(stored)) as picture:
        upright = ImageOps.exif_transpose(picture).convert("RGB")
    np.testing.assert_array_equal(pixels, np.asarray(upright))
    assert pixels.shape == (header.height, header.width, 3)
    assert (header.width > header.height) == (orientation <= 4)


def test_orientation_6_was_taken_with_the_camera_on_its_side():
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = encoded(
        Image.fromarray(np.rot90(scene())), "PNG", exif=exif
    )  # turned left; 6 says: turn it right
    np.testing.assert_array_equal(decode(stored, name="a"), scene())


def test_reduced_photographs_are_turned_too():
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = encoded(Image.fromarray(scene(600, 800)), "JPEG", exif=exif)
    header = read_header(stored, name="a")
    assert (header.width, header.height) == (600, 800)
    assert header.pixels(minimum_side=100).shape == (200, 150, 3)


def without_adobe_marker(jpeg):
    start = jpeg.index(b"\xff\xee")
    length = struct.unpack(">H", jpeg[start + 2 : start + 4])[0]
    return jpeg[:start] + jpeg[start + 2 + length :]


@pytest.mark.parametrize("adobe", [True, False])
def test_cmyk_is_converted_as_pil_does(adobe):
    stored = encoded(Image.fromarray(scene()).convert("CMYK"), "JPEG", quality=95)
    stored = stored if adobe else without_adobe_marker(stored)
    with Image.open(BytesIO(stored)) as picture:
        assert picture.mode == "CMYK"
        expected = np.asarray(picture.convert("RGB"))
    pixels = decode(stored, name="a")
    np.testing.assert_array_equal(pixels, expected)
    assert difference(pixels, scene()) < 5  # PIL takes inks as inverted also without the marker


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_16_bit_grey_is_scaled_not_clipped(kind):
    values = np.linspace(0, 65535, 60 * 80).reshape(60, 80).astype(np.uint16)
    pixels = decode(encoded(Image.fromarray(values), kind), name="a")
    expected = np.rint(values / 257).astype(np.uint8)
    np.testing.assert_array_equal(pixels, np.stack([expected] * 3, axis=2))
    assert len(np.unique(pixels)) == 256


def test_big_endian_16_bit_tiff_is_the_same_picture():
    values = np.linspace(0, 65535, 12).astype(">u2").reshape(3, 4)
    tags = ((256, 4), (257, 3), (258, 16), (259, 1), (262, 1), (273, 8), (278, 3), (279, 24))
    directory = b"".join(struct.pack(">HHIHH", tag, 3, 1, value, 0) for tag, value in tags)
    header = b"MM\0*" + struct.pack(">I", 8 + 24)
    stored = header + values.tobytes() + struct.pack(">H", len(tags)) + directory + b"\0\0\0\0"
    np.testing.assert_array_equal(decode(stored, name="a")[..., 0], np.rint(values / 257))


def test_16_bit_colour_png_is_scaled():
    rows = b"".join(b"\0" + struct.pack(">6H", 0, 257 * 100, 65535, 257, 0, 257 * 200) for _ in range(2))
    stored = png(2, 2, depth=16, colour=2, data=rows)
    np.testing.assert_array_equal(decode(stored, name="a")[0], [[0, 100, 255], [1, 0, 200]])


def test_32_bit_numbers_are_refused_with_what_to_do():
    stored = encoded(Image.fromarray(np.ones((4, 4), np.float32)), "TIFF")
    with pytest.raises(ImageError, match=r"lesion\.tif.*use 8 or 16 bits"):
        decode(stored, name="lesion.tif")


def test_palette_is_looked_up():
    picture = Image.fromarray(scene()).quantize(16)
    np.testing.assert_array_equal(
        decode(encoded(picture, "PNG"), name="a"), np.asarray(picture.convert("RGB"))
    )


@pytest.mark.parametrize("transparency", [0, bytes([0, 255, 128])])
def test_transparent_palette_entries_lie_on_white(transparency):
    picture = Image.fromarray(np.array([[0, 1, 2]], np.uint8), "P")
    picture.putpalette([10, 20, 30, 40, 50, 60, 100, 100, 100])
    pixels = decode(encoded(picture, "PNG", transparency=transparency), name="a")
    np.testing.assert_array_equal(pixels[0, :2], [[255, 255, 255], [40, 50, 60]])
    assert abs(int(pixels[0, 2, 0]) - (177 if isinstance(transparency, bytes) else 100)) <= 1


def test_alpha_lies_on_white():
    rgba = np.array([[[10, 20, 30, 255], [10, 20, 30, 0], [0, 0, 0, 128]]], np.uint8)
    pixels = decode(encoded(Image.fromarray(rgba), "PNG"), name="a")
    np.testing.assert_array_equal(pixels, [[[10, 20, 30], [255, 255, 255], [127, 127, 127]]])


@pytest.mark.parametrize("mode", ["L", "1", "LA"])
@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_grey_has_three_equal_channels(mode, kind):
    picture = Image.fromarray(scene()).convert(mode)
    pixels = decode(encoded(picture, kind), name="a")
    np.testing.assert_array_equal(pixels, np.asarray(picture.convert("RGB")))


def test_grey_jpeg_is_reduced_and_has_three_channels():
    stored = encoded(Image.fromarray(scene(600, 800)).convert("L"), "JPEG")
    assert decode(stored, name="a", minimum_side=200).shape == (300, 400, 3)


@pytest.mark.parametrize(
    ("side", "expected"), [(None, 800), (401, 800), (400, 400), (150, 200), (75, 100), (9, 100)]
)
def test_reduction_keeps_both_sides_long_enough(side, expected):
    stored = encoded(Image.fromarray(scene(800, 1200)), "JPEG")
    assert decode(stored, name="a", minimum_side=side).shape[0] == expected


def test_reduction_never_touches_other_kinds():
    assert decode(encoded(Image.fromarray(scene(80, 80)), "PNG"), name="a", minimum_side=10).shape == (
        80,
        80,
        3,
    )


def test_reduced_then_resized_is_close_to_full_then_resized():
    noise = np.random.default_rng(0).normal(0, 8, (1200, 1800, 3))
    stored = encoded(Image.fromarray(np.clip(scene(1200, 1800) + noise, 0, 255).astype(np.uint8)), "JPEG")
    full = resize(decode(stored, name="a"), 224, 224)
    reduced = resize(decode(stored, name="a", minimum_side=224), 224, 224)
    assert difference(full, reduced) < 1
    assert np.abs(full.astype(int) - reduced.astype(int)).max() <= 25  # at the sharp corner


@pytest.mark.slow
def test_reduction_is_three_times_faster_on_a_large_photograph():
    noise = np.random.default_rng(0).integers(0, 24, (4000, 6000, 3), dtype=np.uint8)
    stored = encoded(Image.fromarray(scene(4000, 6000) // 2 + noise), "JPEG", quality=85)

    def seconds(side):
        times = []
        for _ in range(9):  # the least of many: another process's load is no part of it
            start = time.process_time()
            decode(stored, name="a", minimum_side=side)
            times.append(time.process_time() - start)
        return min(times)

    assert seconds(None) > 3 * seconds(224)


def png(width, height, *, depth=8, colour=2, data=b""):
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(data))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "BMP", "WEBP"])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.9])
def test_a_truncated_file_is_named(kind, share):
    noise = np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    stored = encoded(Image.fromarray(noise), kind)
    with pytest.raises(ImageError, match=r"folder/lesion\.jpg: expected .*; (fetch|convert)"):
        decode(stored[: int(share * len(stored))], name="folder/lesion.jpg")


def test_a_truncated_jpeg_is_found_when_reduced_too():
    stored = encoded(Image.fromarray(scene(600, 800)), "JPEG")
    with pytest.raises(
        ImageError, match=r"lesion\.jpg: expected a whole image, got a damaged one \(.*truncated"
    ):
        decode(stored[: len(stored) // 2], name="lesion.jpg", minimum_side=64)


def test_text_named_jpg_is_refused():
    with pytest.raises(ImageError, match=r"notes\.jpg: expected an image \(JPEG.*begins with b'Dear doctor"):
        decode(b"Dear doctor, the photograph follows", name="notes.jpg")


def test_an_empty_file_is_refused():
    with pytest.raises(
        ImageError, match=r"lesion\.jpg: expected an image, got an empty file \(0 bytes\); fetch"
    ):
        decode(b"", name="lesion.jpg")


def test_a_png_that_claims_to_be_huge_is_refused_by_its_header(monkeypatch):
    monkeypatch.setattr(Image.core, "new", lambda *_: pytest.fail("memory was allocated"))
    with pytest.raises(ImageError, match=r"bomb\.png: expected at most 200,000,000 pixels.* 60000 x 60000"):
        decode(png(60000, 60000), name="bomb.png")


def test_a_webp_that_claims_to_be_huge_is_refused_by_its_header():
    picture = b"VP8L" + struct.pack("<I", 10) + b"\x2f" + struct.pack("<I", 16383 | 16383 << 14) + bytes(5)
    stored = b"RIFF" + struct.pack("<I", 4 + len(picture)) + b"WEBP" + picture
    with pytest.raises(ImageError, match=r"bomb\.webp: .*shrink the image"):
        decode(stored, name="bomb.webp")


def test_the_limit_counts_pixels_at_full_size():
    stored = encoded(Image.fromarray(scene(100, 100)), "JPEG")
    assert decode(stored, name="a", pixel_limit=10_000).shape == (100, 100, 3)
    with pytest.raises(ImageError, match="at most 9,999 pixels"):
        decode(stored, name="a", pixel_limit=9_999, minimum_side=10)


def test_no_warnings_leak_from_large_or_odd_files(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)  # PIL would warn, or raise, from here on
    exif = b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + b"\x12\x01\x03\0" + b"\xff" * 6
    odd = [encoded(Image.fromarray(scene(10, 15)), kind) for kind in ("JPEG", "PNG", "TIFF", "BMP", "WEBP")]
    odd.append(encoded(Image.fromarray(scene(10, 15)), "JPEG", exif=exif))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for content in odd:
            assert decode(content, name="a").shape == (10, 15, 3)
    assert caught == []


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "BMP", "WEBP"])
def test_damage_anywhere_is_an_image_error_or_a_picture(kind):
    rng = np.random.default_rng(7)
    whole = encoded(Image.fromarray(scene()), kind, exif=Image.Exif())
    for _ in range(150):
        damaged = bytearray(whole)
        for place in rng.integers(0, min(len(whole), 700), 3):
            damaged[place] = rng.integers(0, 256)
        try:
            decode(bytes(damaged), name="damaged", pixel_limit=1_000_000)
        except ImageError as error:
            assert str(error).startswith("damaged: ")  # noqa: PT017 -- most damage raises, some cannot be seen


def test_threads_decode_what_one_thread_decodes():
    kinds = ("JPEG", "TIFF", "PNG")
    contents = [encoded(Image.fromarray(scene(60 + i, 80)), kinds[i % 3]) for i in range(30)]
    alone = [decode(content, name="a") for content in contents]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda content: decode(content, name="a"), contents))
    for left, right in zip(alone, together, strict=True):
        np.testing.assert_array_equal(left, right)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P", "1", "CMYK", "I;16"])
def test_bands_give_the_pixels_of_the_whole(mode, monkeypatch):
    picture = Image.fromarray(scene()).convert(mode if mode != "I;16" else "L")
    if mode == "RGBA":
        picture.putalpha(Image.fromarray(scene()[:, :, 0]))
    if mode == "I;16":
        picture = Image.fromarray(scene()[:, :, 0].astype(np.uint16) * 200)
    options = {"transparency": 3} if mode == "P" else {}
    stored = encoded(picture, "TIFF" if mode == "CMYK" else "PNG", **options)
    whole = decode(stored, name="a")
    monkeypatch.setattr(module, "BAND_PIXELS", 7 * 80 + 3)
    np.testing.assert_array_equal(decode(stored, name="a"), whole)


def blank(kind, width, height, **options):
    return encoded(Image.new(options.pop("mode", "RGB"), (width, height), 200), kind, **options)


@pytest.mark.parametrize(
    ("kind", "options"),
    [("PNG", {}), ("TIFF", {"compression": "tiff_deflate"}), ("WEBP", {}), ("JPEG", {"progressive": True})],
)
def test_a_picture_that_takes_too_much_memory_is_refused_before_it_is_decoded(kind, options, monkeypatch):
    stored = blank(kind, 400, 300, **options)
    monkeypatch.setattr(module, "MAX_DECODING_BYTES", 5 * 400 * 300)
    monkeypatch.setattr(module, "_load", lambda *_: pytest.fail("decoded"))
    with pytest.raises(
        ImageError, match=r"a: expected an image that takes at most .* MB to decode, got 400 x 300 pixels"
    ):
        decode(stored, name="a")


def test_a_large_jpeg_takes_no_more_than_what_it_is_reduced_to(monkeypatch):
    stored = blank("JPEG", 1600, 1600)
    monkeypatch.setattr(module, "MAX_DECODING_BYTES", 10 * 200 * 200)
    assert decode(stored, name="a", minimum_side=200).shape == (200, 200, 3)
    with pytest.raises(ImageError, match="shrink the image"):
        decode(stored, name="a")


def test_a_tile_that_is_larger_than_its_picture_counts(monkeypatch):
    stored = bytearray(blank("TIFF", 64, 64))
    picture = read_header(bytes(stored), name="a")._picture
    picture.tag_v2[322], picture.tag_v2[323] = 20_000, 20_000
    assert module._tile_pixels(picture) == 400_000_000


def test_a_jpeg_of_very_many_scans_is_refused():
    stored = blank("JPEG", 40, 30)
    with pytest.raises(ImageError, match="expected a JPEG of at most 200 scans, got more"):
        decode(stored + b"\xff\xda" * 200, name="a")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF", "BMP"])
def test_a_file_that_ends_early_is_an_image_error_wherever_it_ends(kind):
    stored = encoded(Image.fromarray(scene(12, 10)), kind)
    for length in range(0, len(stored) - 1, max(1, len(stored) // 150)):
        with suppress(ImageError):
            decode(stored[:length], name="a")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF", "BMP"])
def test_a_file_with_a_wrong_byte_is_an_image_or_an_image_error(kind):
    stored = encoded(Image.fromarray(scene(12, 10)), kind)
    rng = np.random.default_rng(0)
    for _ in range(150):
        damaged = bytearray(stored)
        damaged[rng.integers(len(stored))] = rng.integers(256)
        with suppress(ImageError):
            decode(bytes(damaged), name="a")
