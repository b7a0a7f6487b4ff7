"""Towers that are tuned together: what each sees, what stands in, and the head as arrays."""

import numpy as np
import pytest
import torch

from automl_skin.backbones.catalogue import resolve_backbone
from automl_skin.backbones.network import embed, load_network
from automl_skin.backbones.tuning.data import TuningData
from automl_skin.backbones.tuning.fusions import PooledFusion
from automl_skin.backbones.tuning.inputs import Inputs
from automl_skin.backbones.tuning.joint_towers import JointTowers
from automl_skin.backbones.tuning.model import FusedHead, TowersHead
from automl_skin.backbones.tuning.names import Tuning
from automl_skin.backbones.tuning.towers import TowersModel
from automl_skin.backbones.tuning.train import tune
from automl_skin.backbones.tuning.tuned_head import TunedHead
from automl_skin.errors import ConfigError, IntegrityError

ROLES = ("close-up", "dermoscopic")
SIDE, N_METADATA = 32, 3
SCALE = {"mean": (0.5, 0.5, 0.5), "std": (0.2, 0.2, 0.2)}
CPU = torch.device("cpu")
RECIPE = (
    "full epochs=2 labels=target fusion=yap fusion.layers=1 fusion.width=128 augmentation=none inner_parts=4"
)


@pytest.fixture(scope="module")
def backbone():
    return resolve_backbone("test_resnet.random")


def make_data(n=48, metadata=False, **changes):
    """Return rows whose class is the darkness of one kind or the other, some of them without a photograph."""
    rng = np.random.default_rng(0)
    labels = rng.integers(2, size=n)
    pixels = rng.integers(90, 160, (n, 2, SIDE, SIDE, 3)).astype(np.uint8)
    pixels[labels == 1] += 60
    present = np.ones((n, 2), np.bool_)
    present[:4, 0] = present[4:8, 1] = False
    pixels[~present] = 0
    told = {"metadata": rng.normal(size=(n, N_METADATA)).astype(np.float32), "absent": np.zeros(N_METADATA)}
    facts = {
        "pixels": pixels,
        "labels": labels,
        "n_classes": 2,
        "inner": np.arange(n) % 4 == 0,
        "target_of": np.arange(2),
        "roles": ROLES,
        "present": present,
        **(told if metadata else {}),
    }
    return TuningData(**{**facts, **changes})


def tuned(backbone, data, recipe=RECIPE, seed=0, **others):
    recipe = Tuning.parse(recipe).recipe
    return tune(backbone, recipe, data, **SCALE, seed=seed, device=CPU, precision="float32", **others)


def embeddings(network, pixels):
    return embed(network, pixels, **SCALE, device=CPU, precision="float32")


@pytest.mark.parametrize("metadata", [False, True])
def test_the_arrays_answer_as_the_model_does(backbone, metadata):
    towers = [load_network(backbone) for _ in ROLES]
    n = embeddings(towers[0], np.zeros((1, SIDE, SIDE, 3), np.uint8)).shape[1]
    fusion = PooledFusion("yap", {"layers": 1, "width": 128}, 2 * n, N_METADATA if metadata else 0)
    head = TowersHead(FusedHead(fusion, 2, seed=0), ROLES)
    torch.nn.init.normal_(head.absent)
    model = TowersModel(towers, head, "float32").eval()
    data = make_data(metadata=metadata)
    rows = np.arange(12)
    mean, std = (torch.tensor(SCALE[name])[:, None, None] for name in ("mean", "std"))
    images = (torch.from_numpy(data.pixels[rows]).permute(0, 1, 4, 2, 3) / 255.0 - mean) / std
    present = torch.from_numpy(data.present[rows])
    told = torch.from_numpy(data.metadata[rows]) if metadata else None
    with torch.inference_mode():
        expected = model.answer(Inputs(images, torch.zeros(12, 2), told, present)).numpy()
    arrays = head.to_tuned_head().to_arrays()
    stored = TunedHead.from_arrays({name: np.asarray(array) for name, array in arrays.items()})
    shown = {
        role: (embeddings(tower, np.ascontiguousarray(data.pixels[rows, place])), data.present[rows, place])
        for place, (role, tower) in enumerate(zip(ROLES, towers, strict=True))
    }
    columns = stored.towers.side_by_side(shown, len(rows))
    found = stored.logits(columns, data.metadata[rows] if metadata else None)
    assert found == pytest.approx(expected, abs=1e-4)
    without = stored.towers.side_by_side({ROLES[0]: shown[ROLES[0]]}, len(rows))
    assert (without[:, n:] == stored.towers.absent[1]).all()
    assert (without[:, :n] == columns[:, :n]).all()


def test_the_same_seed_gives_the_same_weights_and_both_towers_learn(backbone):
    first, second = (tuned(backbone, make_data()) for _ in range(2))
    start = load_network(backbone).state_dict()
    other = tuned(backbone, make_data(), seed=1)
    for place, tower in enumerate(first.network):
        mine, again = tower.state_dict(), second.network[place].state_dict()
        assert all(torch.equal(mine[name], again[name]) for name in mine)
        assert any(not torch.equal(mine[name], start[name]) for name in mine)
        assert any(not torch.equal(mine[name], other.network[place].state_dict()[name]) for name in mine)
    assert first.head.towers.roles == ROLES
    assert (first.head.towers.absent != 0).any(axis=1).all()
    one, two = (network.state_dict() for network in first.network)
    assert any(not torch.equal(one[name], two[name]) for name in one)


def test_what_lies_in_place_of_an_absent_photograph_changes_nothing(backbone):
    data = make_data()
    pixels = data.pixels.copy()
    pixels[~data.present] = 200
    first, second = tuned(backbone, data), tuned(backbone, make_data(pixels=pixels))
    arrays = second.head.to_arrays()
    assert all((array == arrays[name]).all() for name, array in first.head.to_arrays().items())


def test_a_killed_training_is_resumed_to_the_same_weights(backbone, tmp_path):
    class KilledError(Exception):
        pass

    def kill(epoch):
        raise KilledError(f"after epoch {epoch.number}")

    with pytest.raises(KilledError, match="after epoch 1"):
        tuned(backbone, make_data(), folder=tmp_path, progress=kill)
    resumed, whole = tuned(backbone, make_data(), folder=tmp_path), tuned(backbone, make_data())
    arrays = whole.head.to_arrays()
    assert all((array == arrays[name]).all() for name, array in resumed.head.to_arrays().items())


def test_metadata_enter_the_embedding_network(backbone):
    recipe = RECIPE.replace("full", "joint")
    assert tuned(backbone, make_data(metadata=True), recipe).head.n_metadata == N_METADATA
    assert tuned(backbone, make_data()).head.n_metadata == 0


def test_one_photograph_of_a_kind_in_a_step_is_enough(backbone):
    present = np.ones((48, 2), np.bool_)
    present[:, 0] = False
    present[5, 0] = True
    assert np.isfinite(tuned(backbone, make_data(present=present)).curve[-1].loss)


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        ("full mixup=0.2", "mixup=0.2; set mixup=0"),
        ("full head_dropout=0.5", "head_dropout=0.5; set head_dropout=0"),
        ("joint fusion=metanet_map", "stands inside a network"),
    ],
)
def test_recipes_that_towers_cannot_carry_are_refused(backbone, recipe, message):
    with pytest.raises(ConfigError, match=message):
        tuned(backbone, make_data(metadata=True), recipe)


def test_rows_without_any_photograph_are_refused():
    present = np.ones((48, 2), np.bool_)
    present[7] = False
    with pytest.raises(ConfigError, match="which of them each row has, one at least"):
        make_data(present=present)
    with pytest.raises(ConfigError, match="two roles or more"):
        make_data(roles=("close-up",), present=present[:, :1], pixels=np.zeros((48, 1, 8, 8, 3), np.uint8))


def test_damaged_towers_of_a_head_are_refused(backbone):
    arrays = tuned(backbone, make_data()).head.to_arrays()
    for change in (
        {"absent": arrays["absent"][:, :-1]},
        {"absent": arrays["absent"][:1]},
        {"roles": np.frombuffer(b'["one"]', np.uint8)},
        {"roles": np.frombuffer(b"{", np.uint8)},
    ):
        with pytest.raises(IntegrityError, match="tune the network again"):
            TunedHead.from_arrays({**arrays, **change})
    with pytest.raises(IntegrityError, match="a row for each"):
        TunedHead.from_arrays({name: array for name, array in arrays.items() if name != "roles"})
    with pytest.raises(IntegrityError, match="two roles or more"):
        JointTowers((), np.zeros((0, 4), np.float32))


def test_one_network_may_have_an_embedding_network_of_its_own(backbone):
    """The check of a single tower: image alone, through fully connected layers."""
    data = make_data()
    single = make_data(pixels=data.pixels[:, 1], roles=(), present=None)
    head = tuned(backbone, single).head
    assert head.towers is None
    assert (head.n_metadata, head.weight.shape[1]) == (0, 128)
    assert head.logits(np.zeros((2, head.n_dimensions), np.float32)).shape == (2, 2)
