from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from automl_skin.errors import IntegrityError
from automl_skin.search.material import Material, written_digest


def test_what_was_written_is_read(material, tmp_path):
    material.write(tmp_path)
    back = Material.read(tmp_path)
    assert back.digest == material.digest == written_digest(tmp_path)
    pd.testing.assert_frame_equal(back.cases, material.cases)
    pd.testing.assert_frame_equal(back.inputs.metadata, material.inputs.metadata)
    assert (back.labels == material.labels).all()
    assert (back.folds == material.folds).all()
    assert (back.groups == material.groups).all()
    for name, values in material.inputs.embeddings.items():
        assert (back.inputs.embeddings[name] == values).all()


def test_locked_material_has_no_labels(fabricate, tmp_path):
    locked = fabricate().locked
    locked.write(tmp_path)
    assert not {"target", "diagnosis"} & set(pd.read_parquet(tmp_path / "cases.parquet"))
    assert Material.read(tmp_path).digest == locked.digest


def change_metadata(folder):
    table = pd.read_parquet(folder / "metadata.parquet")
    table.iloc[3, 0] = 99.0
    table.to_parquet(folder / "metadata.parquet")


def change_embeddings(folder):
    path = folder / "embeddings" / "net@plain.npy"
    values = np.load(path)
    values[5, 5] += 1e-6
    np.save(path, values)


def change_labels(folder):
    table = pd.read_parquet(folder / "cases.parquet")
    table["target"] = 1 - table["target"]
    table.to_parquet(folder / "cases.parquet")


def change_classes(folder):
    path = folder / "material.json"
    path.write_text(path.read_text().replace('"nevus": 0', '"nevus": 1'))


@pytest.mark.parametrize("change", [change_metadata, change_embeddings, change_labels, change_classes])
def test_a_changed_file_is_found(change, material, tmp_path):
    material.write(tmp_path)
    change(tmp_path)
    with pytest.raises(IntegrityError, match="a file was changed"):
        Material.read(tmp_path)


def test_the_plan_is_in_the_digest(material):
    assert replace(material, plan_digest="other").digest != material.digest
