import torch
from torch import nn

from automl_skin.heads.neural.engine import Engine
from automl_skin.heads.neural.fusions.metablock import FUSION


class Published(nn.Module):
    """The block as its equation stands, with feature maps of shape (n, channels, positions)."""

    def __init__(self, n_metadata, n_channels, norm):
        super().__init__()
        self.f = nn.Sequential(nn.Linear(n_metadata, n_channels), norm(n_channels))
        self.g = nn.Sequential(nn.Linear(n_metadata, n_channels), norm(n_channels))

    def forward(self, maps, metadata):
        return torch.sigmoid(torch.tanh(maps * self.f(metadata)[..., None]) + self.g(metadata)[..., None])


def test_is_the_published_block_on_maps_of_one_position():
    generator = torch.Generator().manual_seed(0)
    image, metadata = torch.randn(40, 6, generator=generator), torch.randn(40, 4, generator=generator)
    for norm, kind in (("batch", nn.BatchNorm1d), ("layer", nn.LayerNorm)):
        settings = FUSION.configure({"norm": norm})
        engine = Engine(FUSION.layers(settings, 6, 4), generator)
        block = Published(4, 6, kind)
        names = ["block.f", "block.f.norm", "block.g", "block.g.norm"]
        theirs = [engine.layers[name.replace(".", "/")].state_dict() for name in names]
        for module, state in zip([*block.f, *block.g], theirs, strict=True):
            module.load_state_dict(state)
        for mode in (True, False):  # statistics of the batch, then the stored ones
            block.train(mode)
            engine.train(mode)
            ours = FUSION.forward(engine, settings, image, metadata)
            assert torch.allclose(ours, block(image[..., None], metadata)[..., 0], atol=1e-6)
