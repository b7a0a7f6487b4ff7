"""Which cells of a variant are run, and on which network: what was asked for, what can be had, what the table lacks."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from automl_skin.backbones.catalogue import Backbone, resolve_backbone
from automl_skin.backbones.network import load_network
from automl_skin.backbones.tuning.names import Tuning
from automl_skin.chains.config import FUSIONS, WITHIN
from automl_skin.data.manifest import Manifest
from automl_skin.errors import BackboneError, ConfigError
from automl_skin.features.lesion import roles_of
from automl_skin.networks import FROZEN
from automl_skin.papers.study_file import Cell, StudyFile
from automl_skin.search.tuning_settings import tuning_changes
from automl_skin.study.config import StudyConfig

RANDOM = ".random"
"""Ends the name of a network that begins with random weights."""

SIZES = ("size", "resize")
"""Fields of a tuning that a size of the user's takes the place of."""

OTHER_NETWORK = "another network was asked for"
ALSO_CALLED = {
    "close-up": ("clinical-close-up", "clinical", "macroscopic"),
    "dermoscopic": ("dermoscopy", "dermatoscopic"),
}
"""What published tables call a kind of photograph: MILK10k a clinical close-up, derm7pt a clinical one."""

NOT_ASKED = "not asked for"
NOT_SMALL = "left out of the small form"
LEFT_OUT = (OTHER_NETWORK, NOT_ASKED, NOT_SMALL)
"""Why a cell is not run that could be."""


@dataclass(frozen=True)
class PlannedCell:
    """A cell with the network that it is run on.

    Parameters
    ----------
    backbone : Backbone or None
        None for metadata alone.
    tuning : Tuning or None
        None for frozen networks.
    changed : str
        What is run in place of what the file says, in words.
    not_run : str
        Why it cannot be run; empty where it can.
    """

    cell: Cell
    backbone: Backbone | None = None
    tuning: Tuning | None = None
    changed: str = ""
    not_run: str = ""

    @property
    def way(self) -> str:
        """How its tuned networks reach the chain; empty for frozen ones."""
        return str(self.cell.choose.get("way", WITHIN)) if self.tuning else ""


def uses_image(cell: Cell) -> bool:
    """Return whether a cell needs a network at all."""
    fusion = str(cell.choose.get("fusion", "concat"))
    if fusion not in FUSIONS:
        raise ConfigError(
            f"the fusion of the cell {cell.name!r}: expected one of {', '.join(FUSIONS)}, got {fusion!r}"
        )
    return "image" in FUSIONS[fusion].inputs


def tuning_of(cell: Cell, changes: Mapping[str, str], *, own_size: bool = True) -> Tuning | None:
    """Return a cell's tuning with changes of the user's, which win over the file's; None for frozen networks.

    Without `own_size` the photographs have the study's size, whatever the tuning says.
    """
    if cell.tuning in {"", FROZEN}:
        return None
    named = Tuning.parse(cell.tuning)
    kept = {name: value for name, value in named.changes.items() if own_size or name not in SIZES}
    tuning = replace(named, changes={**kept, **changes})
    _ = tuning.recipe  # a slip is found before anything is computed
    return tuning


def plan_cells(
    cells: Sequence[Cell],
    config: StudyConfig,
    papers: str,
    backbone: str,
    *,
    keep_own: bool,
    own_size: bool = True,
    named: Sequence[str] = (),
) -> tuple[PlannedCell, ...]:
    """Find the network of every cell, or why it cannot be run.

    Parameters
    ----------
    papers : str
        Network of the cells that name none.
    backbone : str
        Network that takes the place of all others; empty for those of the file.
    keep_own : bool
        Whether cells about their very network keep it, and are not run where another one is asked for.
    own_size : bool
        Whether tunings keep the sizes that they name.
    named : sequence of str
        Cells that the user asked for by name: where they keep their network, they are run on it.
    """
    found: dict[str, Backbone | str] = {}
    planned = []
    for cell in cells:
        tuning = tuning_of(cell, tuning_changes(config.tuning_set), own_size=own_size)
        if not uses_image(cell):
            planned.append(PlannedCell(cell))
            continue
        wanted = cell.backbone or papers
        is_own = cell.own_backbone and keep_own and not _is_same(wanted, backbone)
        if backbone and is_own and cell.name not in named:
            planned.append(PlannedCell(cell, not_run=OTHER_NETWORK))
            continue
        name = _in_place_of(wanted, backbone) if backbone and not is_own else wanted
        if name not in found:
            found[name] = _find(name, config)
        network = found[name]
        if isinstance(network, str):
            planned.append(PlannedCell(cell, not_run=network))
            continue
        changed = f"{network.name} in place of {wanted}" if not _is_same(wanted, network.name) else ""
        planned.append(PlannedCell(cell, network, tuning, changed))
    return tuple(planned)


def _in_place_of(wanted: str, backbone: str) -> str:
    """Return the network that takes another's place; a model from scratch stays one, of the same architecture."""
    if not wanted.endswith(RANDOM):
        return backbone
    return f"{backbone.partition('.')[0]}{RANDOM}"


def _is_same(wanted: str, name: str) -> bool:
    """Return whether a network is the one that is wanted: by its name, or its architecture alone."""
    return name == wanted or name.partition(".")[0] == wanted


def _find(name: str, config: StudyConfig) -> Backbone | str:
    """Return a network, or why it is not available."""
    folder = Path(config.weights_dir) if config.weights_dir else None
    try:
        backbone = resolve_backbone(name, folder, config.weights, config.seed)
        if backbone.weights == "timm":
            load_network(backbone)  # downloads the weights, which may not be possible
    except BackboneError as error:
        return f"no weights: {error}"
    return backbone


def keep_alone(cells: Sequence[PlannedCell], names: Sequence[str], reason: str) -> tuple[PlannedCell, ...]:
    """Return the cells, those that are not named marked as not run."""
    return tuple(
        planned if planned.cell.name in names else replace(planned, not_run=planned.not_run or reason)
        for planned in cells
    )


def check_cell_names(file: StudyFile, names: Sequence[str]) -> Sequence[str]:
    """Return names of cells, once they are known to exist.

    Raises
    ------
    ConfigError
        If the file has no cell of a name.
    """
    known = [cell.name for cell in file.cells]
    for name in names:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            hint = f" (did you mean {close[0]!r}?)" if close else ""
            raise ConfigError(f"{file.name} has no cell {name!r}{hint}; its cells are {', '.join(known)}")
    return names


def leave_out_cells(cells: Sequence[PlannedCell], manifest: Manifest) -> tuple[PlannedCell, ...]:
    """Return the cells, those that need a field or a kind of photograph that the table lacks marked as not run.

    Kinds of photograph are called as in the table.

    Raises
    ------
    ConfigError
        If none is left.
    """
    cells = [_with_kinds_of(each, roles_of(manifest.images)) for each in cells]
    lacks = [each.not_run or what_lacks(each, manifest) for each in cells]
    if all(lacks):
        reasons = "; ".join(f"{each.cell.name}: {reason}" for each, reason in zip(cells, lacks, strict=True))
        raise ConfigError(f"none of the models can be run on this table ({reasons})")
    return tuple(replace(each, not_run=reason) for each, reason in zip(cells, lacks, strict=True))


def _with_kinds_of(planned: PlannedCell, kinds: Sequence[str]) -> PlannedCell:
    """Return a cell that calls the kinds of photograph as the table does."""
    wanted = str(planned.cell.choose.get("roles", ""))
    if not wanted:
        return planned
    found = [_kind_in(kinds, role) for role in wanted.split("+")]
    return replace(
        planned, cell=replace(planned.cell, choose={**planned.cell.choose, "roles": "+".join(sorted(found))})
    )


def _kind_in(kinds: Sequence[str], role: str) -> str:
    """Return what a table calls a kind of photograph, or the name itself where the table has none of its names.

    Examples
    --------
    >>> _kind_in(["clinical-close-up", "dermoscopic"], "close-up")
    'clinical-close-up'
    """
    return next((name for name in (role, *ALSO_CALLED.get(role, ())) if name in kinds), role)


def what_lacks(planned: PlannedCell, manifest: Manifest) -> str:
    """Return what a cell needs and the table lacks, in words; empty where nothing is missing."""
    fields = [name for name in planned.cell.fields if name not in manifest.kinds]
    if fields:
        return f"no field {', '.join(fields)} in the table, which has {', '.join(manifest.kinds) or 'none'}"
    wanted = str(planned.cell.choose.get("roles", ""))
    kinds = roles_of(manifest.images)
    if wanted and (len(kinds) < 2 or not set(wanted.split("+")) <= set(kinds)):
        return f"needs photographs of the kinds close-up and dermoscopic, and the table has {', '.join(kinds)} alone"
    return ""
