import timm
import torch
from torchvision.models import alexnet as of_torchvision

from automl_skin.backbones.random_weights import untouched_torch_seed
from automl_skin.backbones.tuning.optimiser import stages
from automl_skin.papers.networks.alexnet import AlexNet


def test_torchvision_s_weights_give_torchvision_s_scores():
    with untouched_torch_seed():
        theirs = of_torchvision(weights=None).eval()
        images = torch.randn(2, 3, 64, 64)
    ours = timm.create_model("alexnet").eval()
    ours.load_state_dict(theirs.state_dict())
    with torch.inference_mode():
        assert torch.equal(ours(images), theirs(images))
        embedding = ours.forward_head(ours.forward_features(images), pre_logits=True)
        assert torch.equal(theirs.classifier[-1](embedding), ours(images))


def test_its_embedding_is_what_the_last_layer_sees():
    network = AlexNet(num_classes=0)
    assert network(torch.zeros(1, 3, 64, 64)).shape == (1, 4096)
    assert all("classifier.6" not in name for name in network.state_dict())


def test_its_stages_stand_in_their_order():
    layers = [names[0].rpartition(".")[0] for names in stages(AlexNet(num_classes=0))]
    assert layers == [
        *(f"features.{number}" for number in (0, 3, 6, 8, 10)),
        *(f"classifier.{number}" for number in (1, 4)),
    ]
