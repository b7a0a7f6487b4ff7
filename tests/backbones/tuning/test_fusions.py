"""Joint tuning with every fusion: what was learnt answers the same as arrays, row by row."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from automl_skin.backbones.spatial.catalogue import is_spatial
from automl_skin.backbones.tuning.data import TuningData
from automl_skin.backbones.tuning.fusions import PooledFusion, read_settings
from automl_skin.backbones.tuning.model import FusedHead
from automl_skin.backbones.tuning.names import Tuning
from automl_skin.backbones.tuning.recipe import TuningRecipe
from automl_skin.backbones.tuning.tuned_head import TunedHead
from automl_skin.errors import ConfigError, IntegrityError
from automl_skin.heads.neural.fusions.catalogue import NEURAL_FUSIONS
from automl_skin.records import from_plain, to_plain

POOLED = pytest.mark.parametrize("name", NEURAL_FUSIONS)


def drawn(n, n_columns, seed=0):
    return np.random.default_rng(seed).normal(size=(n, n_columns)).astype(np.float32)


def head_of(name, **settings):
    """A head with weights and statistics that are not the initial ones."""
    head = FusedHead(PooledFusion(name, settings, 48, 7), 3, seed=0)
    with torch.no_grad():
        for position, tensor in enumerate(head.state_dict().values()):
            if tensor.is_floating_point():
                values = np.random.default_rng(position).uniform(0.05, 0.4, tuple(tensor.shape))
                tensor.copy_(torch.from_numpy(values))
    return head.eval()


@POOLED
def test_a_fused_head_answers_the_same_as_arrays(name):
    head = head_of(name)
    embedding, metadata = drawn(9, 48), drawn(9, 7, 1)
    with torch.inference_mode():
        expected = head(torch.from_numpy(embedding), torch.from_numpy(metadata)).numpy()
    np.testing.assert_allclose(
        head.to_tuned_head().logits(embedding, metadata), expected, rtol=1e-4, atol=1e-4
    )


@POOLED
def test_a_row_alone_is_as_among_others(name):
    head = head_of(name).to_tuned_head()
    embedding, metadata = drawn(1100, 48), drawn(1100, 7, 1)
    together = head.logits(embedding, metadata)
    rows = (0, 7, 1099)
    alone = np.concatenate([head.logits(embedding[i : i + 1], metadata[i : i + 1]) for i in rows])
    assert np.abs(alone - together[list(rows)]).max() < 1e-9


@POOLED
def test_a_saved_head_comes_back(name, tmp_path):
    head = head_of(name).to_tuned_head()
    head.save(tmp_path)
    again = TunedHead.load(tmp_path)
    assert (again.n_classes, again.n_dimensions, again.n_metadata) == (3, 48, 7)
    embedding, metadata = drawn(5, 48), drawn(5, 7, 1)
    assert np.array_equal(again.logits(embedding, metadata), head.logits(embedding, metadata))


def test_settings_are_kept(tmp_path):
    head = head_of("metanet", layers=3, width=8).to_tuned_head()
    head.save(tmp_path)
    assert TunedHead.load(tmp_path).fusion.fusion == PooledFusion("metanet", {"layers": 3, "width": 8}, 48, 7)


def test_what_does_not_fit_is_named():
    head = head_of("metanet").to_tuned_head()
    arrays = head.to_arrays()
    lost = {name: array for name, array in arrays.items() if name != "fusion.layers.gate/0.bias"}
    with pytest.raises(IntegrityError, match="arrays of a tuned metanet: expected"):
        TunedHead.from_arrays(lost)
    with pytest.raises(IntegrityError, match="expected arrays that fit each other"):
        replace(head, weight=head.weight[:, 1:])
    about = np.frombuffer(b'{"name": "magic", "settings": {}, "n_image": 48, "n_metadata": 7}', np.uint8)
    with pytest.raises(IntegrityError, match=r"expected the name and settings of its fusion .*magic"):
        TunedHead.from_arrays({**arrays, "fusion": about})
    with pytest.raises(ConfigError, match="needs metadata, got none"):
        head.logits(drawn(2, 48))
    with pytest.raises(ConfigError, match="metadata of this head: expected 7 columns"):
        head.logits(drawn(2, 48), drawn(2, 6))


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        (
            "metanett",
            {},
            "a fusion for tuning: expected one of concat, metanet.*metaformer, got 'metanett'",
        ),
        ("metanet", {"depth": 2}, "metanet has no setting 'depth'; it has layers"),
        ("metanet", {"layers": 2.0}, "layers of a fusion: expected a whole number, got 2.0"),
        ("metanet", {"layers": True}, "layers of a fusion: expected a whole number, got True"),
        ("metanet", {"layers": 9}, "metanet's layers: expected"),
        ("ha", {"dropout": 1}, "dropout of a fusion: expected a number, got 1"),
        ("metanet_map", {"depth": 2}, "metanet_map has no setting 'depth'; it has layers"),
        ("metaformer", {"layers": 2}, "metaformer has no setting 'layers'; it has none"),
    ],
)
def test_what_is_no_fusion_is_named_before_anything_is_tuned(name, settings, message):
    with pytest.raises(ConfigError, match=message):
        TuningRecipe(mode="joint", fusion=name, fusion_settings=settings)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ("fusion.layers=two", "layers of a fusion: expected a whole number, got 'two'"),
        ("fusion.depth=2", "metanet has no setting 'depth'; it has layers"),
        ("fusion.layers=9", "metanet's layers: expected"),
        ("fusion.=2", "metanet has no setting ''; it has layers"),
        (
            "fusion_settings=layers=2",
            "no field 'fusion_settings'.*and fusion.NAME for a setting of the fusion",
        ),
    ],
)
def test_what_is_typed_of_a_fusion_is_checked(changes, message):
    with pytest.raises(ConfigError, match=message):
        _ = Tuning.parse(f"joint fusion=metanet {changes}").recipe


def test_settings_are_read_in_their_own_type():
    assert read_settings("ha", {"hidden": "64", "dropout": "0.1"}) == {"hidden": 64, "dropout": 0.1}
    assert read_settings("cross_attention", {"width": "32"}) == {"width": 32}


def test_settings_of_the_first_fusion_are_read_where_none_is_named():
    recipe = Tuning.parse("joint fusion.layers=0").recipe
    assert (recipe.fusion, recipe.fusion_settings) == ("concat", {"layers": 0})


def test_a_recipe_is_the_same_in_a_file_and_in_any_order():
    typed = Tuning.parse("joint fusion=ha fusion.hidden=64 fusion.dropout=0.10").recipe
    other = Tuning.parse("joint fusion.dropout=0.1 fusion.hidden=64 fusion=ha").recipe
    assert other.digest == typed.digest
    assert from_plain(TuningRecipe, to_plain(typed), "a file") == typed
    assert typed.facts["fusion_settings"] == "dropout=0.1,hidden=64"


@pytest.fixture
def told():
    """Labels that the metadata tell; the images are all the same."""

    def make(n=96):
        random = np.random.default_rng(3)
        labels = random.integers(0, 2, n)
        pixels = np.repeat(random.integers(0, 200, (1, 32, 32, 3), dtype=np.uint8), n, axis=0)
        metadata = random.normal(0, 0.3, (n, 4)).astype(np.float32)
        metadata[:, 0] += 2 * labels - 1
        inner = np.arange(n) % 4 == 0
        return TuningData(pixels, labels, 2, inner, np.arange(2), metadata, np.zeros(4, np.float32))

    return make


JOINT = {"mode": "joint", "metadata_dropout": 0.0, "learning_rate": 5e-3, "epochs": 4}


@pytest.mark.parametrize("fusion", ["metanet", "ha", "film", "tanh_gate", "metanet_map"])
def test_what_metadata_tell_is_learnt(fusion, tuned, told):
    result = tuned(told(), fusion=fusion, **JOINT)
    assert result.curve[-1].inner_auc > 0.9
    if not is_spatial(result.network):
        assert (result.head.n_metadata, result.head.fusion.fusion.name) == (4, fusion)


def test_other_settings_give_other_weights_and_the_hidden_layer_stays_as_it_was(tuned, told):
    before = tuned(told(), **{**JOINT, "epochs": 1})
    assert before.head.fusion is None
    assert before.head.metadata_weight.shape == (32, 4)
    shallow = tuned(told(), fusion_settings={"layers": 0}, **{**JOINT, "epochs": 1})
    assert shallow.head.fusion.fusion.n_out == before.head.n_dimensions + 4
    deep = tuned(
        told(), fusion="metanet", fusion_settings={"layers": 3, "width": 8}, **{**JOINT, "epochs": 1}
    )
    assert len(deep.head.fusion.arrays) == 6


def test_a_seed_repeats_and_averaged_weights_have_a_fusion_of_their_own(tuned, told):
    options = {
        **JOINT,
        "epochs": 1,
        "fusion": "ha",
        "ema": 0.9,
        "metadata_dropout": 0.3,
    }
    first, again = (tuned(told(), **options).head.to_arrays() for _ in range(2))
    assert all(np.array_equal(array, again[name]) for name, array in first.items())
    other = tuned(told(), **options, seed=2).head.to_arrays()
    assert not np.array_equal(first["weight"], other["weight"])


def test_a_killed_training_goes_on_to_the_same_weights(tuned, told, tmp_path):
    class KilledError(Exception):
        """Raised after the first epoch."""

    def kill(epoch):
        raise KilledError

    options = {**JOINT, "epochs": 2, "fusion": "ha"}
    whole = tuned(told(), **options).head.to_arrays()
    with pytest.raises(KilledError):
        tuned(told(), **options, folder=tmp_path, progress=kill)
    continued = tuned(told(), **options, folder=tmp_path).head.to_arrays()
    assert all(np.array_equal(array, continued[name]) for name, array in whole.items())


def test_what_rules_each_other_out_is_named(tuned, told):
    with pytest.raises(ConfigError, match=r"metanet_map stands inside the network.*set wise=1"):
        tuned(told(), **JOINT, fusion="metanet_map", wise=0.5)
