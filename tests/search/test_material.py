from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from automl_skin.embeddings.key import TunedOn
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
    with pytest.raises(IntegrityError, match="A file was changed"):
        Material.read(tmp_path)


def test_the_plan_is_in_the_digest(material):
    assert replace(material, plan_digest="other").digest != material.digest


@pytest.mark.parametrize("joint", [True, "metanet", "ha"])
def test_tuned_networks_are_written_with_heads_and_provenance(joint, material, with_tuned, tmp_path):
    tuned = with_tuned(material, joint=joint)
    tuned.write(tmp_path)
    back = Material.read(tmp_path)
    assert back.digest == tuned.digest == written_digest(tmp_path)
    assert back.inputs.tuned_on == tuned.inputs.tuned_on
    for name, head in tuned.inputs.heads.items():
        for key, values in head.to_arrays().items():
            assert (back.inputs.heads[name].to_arrays()[key] == values).all()


@pytest.mark.parametrize("way", ["within", "rotation", "logits"])
def test_a_trial_depends_on_its_own_networks_and_not_on_later_ones(way, material, with_tuned, small_chain):
    frozen, chain = small_chain("concat"), small_chain("concat", tuning="full", way=way)
    first = with_tuned(material)
    then = with_tuned(first, "robust", seed=1)
    assert material.digest == material.digest_for(
        frozen
    )  # what trials of before there was tuning have written
    assert first.digest_for(frozen) == then.digest_for(frozen) == material.digest
    assert first.digest_for(chain) == then.digest_for(chain)
    assert len({material.digest, first.digest, then.digest}) == 3
    other = with_tuned(material, seed=1)
    assert other.digest_for(chain) != first.digest_for(chain) != material.digest_for(chain)


def test_head_and_provenance_are_in_the_digest(material, with_tuned, small_chain):
    chain, tuned = small_chain("concat", tuning="full", way="logits"), with_tuned(material)
    name = "net@plain@full.without-3"
    head = tuned.inputs.heads[name]
    heads = {**tuned.inputs.heads, name: replace(head, bias=head.bias + np.float32(1))}
    tuned_on = {**tuned.inputs.tuned_on, name: TunedOn(material.plan_digest, (1,))}
    for change in ({"heads": heads}, {"tuned_on": tuned_on}):
        changed = replace(tuned, inputs=replace(tuned.inputs, **change))
        assert changed.digest_for(chain) != tuned.digest_for(chain)


def test_what_lies_there_is_not_written_again(material, with_tuned, tmp_path):
    material.write(tmp_path)
    path = tmp_path / "embeddings" / "net@plain.npy"
    before = path.stat()
    with_tuned(Material.read(tmp_path)).write(tmp_path)
    assert path.stat().st_ino == before.st_ino
    assert len(Material.read(tmp_path).inputs.embeddings) == 12
    values = np.load(path)
    values[0, 0] = 7.0
    np.save(path, values)  # damaged: it is written again
    material.write(tmp_path)
    assert Material.read(tmp_path).digest == material.digest


def test_an_array_is_hashed_once_a_process(material, tmp_path, monkeypatch):
    material.write(tmp_path)
    Material.read(tmp_path)
    monkeypatch.setattr("automl_skin.search.material.digest_array", lambda _: pytest.fail("hashed again"))
    assert Material.read(tmp_path).digest


def test_a_part_of_a_mapped_array_has_its_own_digest(material, tmp_path):
    material.write(tmp_path)
    back = Material.read(tmp_path)
    part = {name: values[:5] for name, values in back.inputs.embeddings.items()}
    assert replace(back, inputs=replace(back.inputs, embeddings=part)).digests != back.digests


def test_what_is_added_must_be_of_the_same_cases(material, with_tuned):
    with pytest.raises(
        IntegrityError, match="expected the 267 cases of the material in their order, got 5 others"
    ):
        material.adding(with_tuned(material).inputs.take(np.arange(5)))
