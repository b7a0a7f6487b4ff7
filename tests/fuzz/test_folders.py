"""Folders of photographs as disks hold them: every entry is a picture or says why it is none, and nothing hangs."""

import io
import os
from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from automl_skin.data.locate import index_images
from automl_skin.errors import AutomlSkinError, ImageError
from automl_skin.images.decode import decode
from automl_skin.images.folder import ImageFolder

KINDS = (
    "jpeg",
    "png",
    "cut",
    "bytes",
    "empty",
    "text",
    "pipe",
    "loop",
    "outside",
    "inside",
    "folder",
    "sparse",
    "odd",
)


@cache
def _picture(kind):
    file = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 255, (24, 32, 3), dtype=np.uint8)
    Image.fromarray(noise).save(file, "PNG" if kind == "png" else "JPEG")
    return file.getvalue()


def _make(root, name, kind, cut, noise):
    """Make an entry of a folder."""
    path = root / name
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "loop":
        path.symlink_to(name)
    elif kind == "outside":
        path.symlink_to(root.parent / "outside.jpg")
    elif kind == "inside":
        path.symlink_to(root / "first.jpg")
    elif kind == "folder":
        path.mkdir()
    elif kind == "sparse":
        with path.open("wb") as file:
            file.truncate(5 * 2**30)
    elif kind == "odd":
        (root / os.fsdecode(b"\xe9" + name.encode())).write_bytes(_picture("jpeg"))
    else:
        whole = _picture(kind)
        content = {
            "cut": whole[: max(1, int(len(whole) * cut))],
            "bytes": noise,
            "empty": b"",
            "text": b"no picture",
        }
        path.write_bytes(content.get(kind, whole))


ENTRIES = st.lists(
    st.tuples(st.sampled_from(KINDS), st.floats(0.01, 0.99), st.binary(min_size=1, max_size=200)),
    min_size=1,
    max_size=8,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(entries=ENTRIES)
@pytest.mark.timeout(120)
def test_every_entry_is_a_picture_or_says_why_it_is_none(tmp_path_factory, entries):
    base = tmp_path_factory.mktemp("fuzz")
    (base / "outside.jpg").write_bytes(_picture("jpeg"))
    root = base / "images"
    root.mkdir()
    (root / "first.jpg").write_bytes(_picture("jpeg"))
    for number, (kind, cut, noise) in enumerate(entries):
        _make(root, f"{number}-{kind}.jpg", kind, cut, noise)
    index, folder, answers = index_images(root), ImageFolder(root), {}
    for path in index.paths:
        try:
            answers[path] = decode(folder.read(path), name=path).shape
        except ImageError as error:
            answers[path] = str(error)
    assert answers["first.jpg"] == (24, 32, 3)
    for path, answer in answers.items():
        kind = path.rpartition("-")[2].removesuffix(".jpg")
        if kind in {"jpeg", "png", "inside", "odd"}:
            assert answer == (24, 32, 3)
        elif kind in {"bytes", "empty", "text", "pipe", "loop", "outside", "sparse"}:
            assert isinstance(answer, str), (path, answer)
            assert answer
    listed = [
        f"{number}-{kind}.jpg" for number, (kind, *_) in enumerate(entries) if kind not in {"folder", "odd"}
    ]
    assert set(listed) <= set(answers)


@settings(max_examples=60, deadline=None)
@given(values=st.lists(st.text(max_size=12), min_size=1, max_size=5))
def test_no_name_reaches_out_of_the_folder(tmp_path_factory, values):
    root = tmp_path_factory.mktemp("fuzz") / "images"
    root.mkdir()
    (root / "first.jpg").write_bytes(_picture("jpeg"))
    (root.parent / "secret.jpg").write_bytes(_picture("jpeg"))
    names = [*values, "../secret", "..\\secret", "/etc/passwd"]
    for name in names:
        try:
            path = index_images(root).locate(pd.Series([name], dtype="str"))[0]
        except AutomlSkinError:
            continue
        assert pd.isna(path) or path == "first.jpg"
