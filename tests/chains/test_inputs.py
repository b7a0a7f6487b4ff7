import numpy as np

from automl_skin.networks import NetworkId


def test_backbones_stand_side_by_side_in_the_order_asked_for(material):
    inputs = material.inputs
    net, other = (inputs.embeddings[str(NetworkId(name, "plain"))] for name in ("net", "other"))
    assert (inputs.image_block(("other@plain", "net@plain")) == np.hstack([other, net])).all()


def test_take_keeps_rows_together(material):
    positions = np.array([9, 3, 40])
    taken = material.inputs.take(positions)
    assert len(taken) == 3
    assert taken.metadata.index.tolist() == material.cases.index[positions].tolist()
    assert (taken.image_block(("net@plain",)) == material.inputs.image_block(("net@plain",))[positions]).all()


def test_take_and_only_keep_heads_and_provenance(material, with_tuned):
    inputs = with_tuned(material).inputs
    taken = inputs.take(np.array([4, 2]))
    assert taken.heads == inputs.heads
    assert taken.tuned_on == inputs.tuned_on
    only = inputs.only(["net@plain"])
    assert list(only.embeddings) == ["net@plain"]
    assert only.tuned_on == inputs.tuned_on
