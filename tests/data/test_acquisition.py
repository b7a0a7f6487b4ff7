from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from automl_skin.data.acquisition import PLACE, acquisition_facts
from automl_skin.data.manifest import Manifest
from automl_skin.data.roles import Roles

N = 12


def made(paths):
    index = pd.Index([f"c{number}" for number in range(N)], name="case")
    images = pd.DataFrame({"case": index, "role": "image", "path": paths, "status": "found", "given": paths})
    others = pd.DataFrame(
        {"seen": [f"2020-01-{day:02d}" for day in range(1, N + 1)], "note": "x"}, index=index
    )
    metadata = pd.DataFrame({"age": [np.nan] * 4 + [50.0] * 8}, index=index)
    cases = pd.DataFrame({"label": [0, 1] * 6}, index=index)
    return Manifest(cases, images, metadata, None, Roles("image"), Path(), {"age": "number"}, others=others)


def inspected(paths, **columns):
    table = pd.DataFrame(
        {"path": paths, "size_bytes": 100, "width": 40, "height": 30, "taken": "", "quantisation": 9}
    )
    return table.assign(**{"container": "JPEG", "camera": "", "software": "", **columns})


def test_facts_that_are_the_same_everywhere_are_none():
    paths = [f"img_{number}.jpg" for number in range(N)]
    facts = acquisition_facts(made(paths), inspected(paths))
    assert list(facts) == ["order of file names", PLACE, "missing fields", "date in seen"]
    assert list(facts["order of file names"]) == list(range(1, N + 1))  # 10 comes after 9
    assert list(facts["date in seen"].diff().dropna().unique()) == [1.0]


def test_what_differs_is_a_fact():
    paths = [f"{'ab'[number % 2]}/{number % 3}_{number}.jpg" for number in range(N)]
    seen = inspected(
        paths,
        size_bytes=range(N),
        camera=["Canon", ""] * 6,
        taken=["2019:03:05 10:00:00"] + ["0000:00:00"] * 11,
        width=[40, 50] * 6,
    )
    facts = acquisition_facts(made(paths), seen)
    assert {"file size", "camera", "date taken", "image width", "aspect ratio", "folder"} <= set(facts)
    assert "number in the file name" in facts
    assert list(facts["folder"][:2]) == ["a", "b"]
    assert facts["date taken"].notna().sum() == 1


def test_a_case_without_a_photograph_has_no_facts_of_one():
    paths = [f"img_{number}.jpg" for number in range(N)]
    manifest = made(paths)
    images = manifest.images.assign(path=manifest.images["path"].where(manifest.images["case"] != "c3"))
    facts = acquisition_facts(replace(manifest, images=images), inspected(paths, size_bytes=range(N)))
    assert np.isnan(facts.loc["c3", "file size"])
    assert facts["file size"].notna().sum() == N - 1
