"""The folder of one tuned network; what lies in it stands in `networks`."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from automl_skin.backbones.catalogue import Backbone, backbone_from_folder
from automl_skin.backbones.tuning.epoch import Epoch
from automl_skin.backbones.tuning.tuned_head import TunedHead
from automl_skin.embeddings.curve import read_curve
from automl_skin.embeddings.key import TunedOn
from automl_skin.files import read_json
from automl_skin.store.entries import KEY


@dataclass(frozen=True)
class TunedFolder:
    """A tuned network on disk.

    Parameters
    ----------
    path : Path
        In timm's hub layout.
    """

    path: Path

    @cached_property
    def facts(self) -> Mapping[str, Any]:
        """What ``key.json`` says: the key, and how the network was made."""
        facts = read_json(self.path / KEY)
        assert isinstance(facts, Mapping)
        return facts

    @property
    def backbone(self) -> Backbone:
        """The tuned network, called like the one that it began as."""
        return backbone_from_folder(self.path, str(self.facts["backbone"]))

    @property
    def head(self) -> TunedHead:
        """Its head."""
        return TunedHead.load(self.path)

    @property
    def curve(self) -> tuple[Epoch, ...]:
        """Loss, inner AUC and speed by epoch."""
        return read_curve(self.path)

    @property
    def tuned_on(self) -> TunedOn:
        """Which rows tuned it."""
        value = self.facts["tuned_on"]
        return TunedOn(str(value["plan_digest"]), tuple(map(int, value["held_out_folds"])))

    @property
    def role(self) -> str:
        """The kind of photograph that a tower was tuned on; empty for a network of all kinds."""
        return str(self.facts.get("role", ""))

    @property
    def target_of(self) -> tuple[int, ...]:
        """Class of the target of each class of the head."""
        return tuple(map(int, self.facts["target_of"]))
