"""The folder of one tuned network, and the curve of its training; what else lies in it stands in `networks`."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from functools import cached_property
from io import StringIO
from pathlib import Path
from typing import Any

from automl_skin.backbones.catalogue import Backbone, backbone_from_folder
from automl_skin.backbones.tuning.epoch import Epoch
from automl_skin.backbones.tuning.tuned_head import TunedHead
from automl_skin.embeddings.key import TunedOn
from automl_skin.errors import IntegrityError
from automl_skin.files import read_json, write_text
from automl_skin.store.entries import KEY

CURVE = "curve.csv"

_COLUMNS = [field.name for field in fields(Epoch)]


def write_curve(folder: Path, curve: Sequence[Epoch]) -> None:
    """Write ``curve.csv``; numbers come back as they were."""
    text = StringIO()
    writer = csv.DictWriter(text, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(epoch) for epoch in curve)
    write_text(folder / CURVE, text.getvalue())


def read_curve(folder: Path) -> tuple[Epoch, ...]:
    """Read ``curve.csv``; without the file there are no epochs.

    Raises
    ------
    IntegrityError
        If it is not what `write_curve` writes.
    """
    path = folder / CURVE
    try:
        text = path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):  # not trained, or its folder was moved meanwhile
        return ()
    try:
        return tuple(_epoch(row) for row in csv.DictReader(StringIO(text)))
    except (TypeError, ValueError, KeyError) as error:
        message = f"{path}: expected the columns {', '.join(_COLUMNS)} with numbers, got others ({error})"
        raise IntegrityError(f"{message}; it was changed after it was written") from error


def _epoch(row: dict[str, str]) -> Epoch:
    number, epochs, *measured = (row[name] for name in _COLUMNS)
    return Epoch(int(number), int(epochs), *map(float, measured))


_TOWER = "tower-"


def tower_folder(entry: Path, place: int) -> Path:
    """Return where one of several towers lies that were tuned together."""
    return entry / f"{_TOWER}{place}"


def entry_of(network: Path) -> Path:
    """Return the folder of the store to which the folder of a network belongs."""
    return network.parent if network.name.startswith(_TOWER) else network


@dataclass(frozen=True)
class TunedFolder:
    """A tuned network on disk.

    Parameters
    ----------
    path : Path
        In timm's hub layout, or with a folder in that layout for each of the towers that were tuned together.
    tower : str
        Which of these is meant, by its kind of photograph.
    """

    path: Path
    tower: str = ""

    @cached_property
    def facts(self) -> Mapping[str, Any]:
        """What ``key.json`` says: the key, and how the network was made."""
        facts = read_json(self.path / KEY)
        assert isinstance(facts, Mapping)
        return facts

    @property
    def backbone(self) -> Backbone:
        """The tuned network, called like the one that it began as."""
        folder = tower_folder(self.path, self.towers.index(self.tower)) if self.tower else self.path
        return backbone_from_folder(folder, str(self.facts["backbone"]))

    @property
    def towers(self) -> tuple[str, ...]:
        """The kinds of photograph of towers that were tuned together; empty otherwise."""
        return tuple(map(str, self.facts.get("towers", ())))

    def of_role(self, role: str) -> "TunedFolder":
        """Return the tower of a kind of photograph, where there are several; else the one network that there is."""
        return replace(self, tower=role) if role in self.towers else self

    @property
    def head(self) -> TunedHead:
        """Its head, which is that of all towers that were tuned together."""
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
        return self.tower or str(self.facts.get("role", ""))

    @property
    def target_of(self) -> tuple[int, ...]:
        """Class of the target of each class of the head."""
        return tuple(map(int, self.facts["target_of"]))
