"""Towers that are tuned together: a network for each kind of photograph, and an embedding network on all of them.

After Yap et al. 2018, sections 3.2 and 3.3: the embeddings of the towers and the metadata side by side, through fully
connected layers, to the scores, all trained at once.

Deviation: a case may lack a photograph. A learnt vector then stands in for its embedding, and in training photographs
are withheld at random (`automl_skin.backbones.tuning.withholding`).

Shapes: images (n, n_roles, 3, height, width), present (n, n_roles).
"""

import torch
from torch import Tensor, nn

from automl_skin.backbones.device import Precision
from automl_skin.backbones.network import computing_in, embedding_of
from automl_skin.backbones.tuning.inputs import Inputs
from automl_skin.backbones.tuning.model import TowersHead, TuningModel


class TowersModel(TuningModel):
    """Towers and the head on all of them.

    Parameters
    ----------
    towers : list of Module
        From `load_network`, one per role of the head.
    """

    head: TowersHead

    def __init__(self, towers: list[nn.Module], head: TowersHead, precision: Precision) -> None:
        super().__init__(nn.ModuleList(towers), head, precision)

    @property
    def networks(self) -> list[nn.Module]:
        """The towers, in the order of the roles."""
        assert isinstance(self.network, nn.ModuleList)
        return list(self.network)

    def answer(self, inputs: Inputs) -> Tensor:
        """Return logits of a step's inputs."""
        assert inputs.present is not None
        columns = [
            self._embed(place, inputs.images[:, place], inputs.present[:, place])
            for place in range(len(self.networks))
        ]
        logits: Tensor = self.head(torch.cat(columns, dim=1), inputs.metadata)
        return logits

    def _embed(self, place: int, images: Tensor, present: Tensor) -> Tensor:
        """Return the embeddings of one tower; a photograph that is absent does not go through it."""
        tower, absent = self.networks[place], self.head.absent[place].expand(len(images), -1)
        rows = present.nonzero().squeeze(1)
        if not len(rows):
            return absent
        # batch statistics need two
        seen = torch.cat([rows, rows]) if len(rows) == 1 and tower.training else rows
        with computing_in(self.precision, images.device):
            embedding = embedding_of(tower, images[seen].contiguous(memory_format=torch.channels_last))
        return absent.index_copy(0, rows, embedding[: len(rows)])
