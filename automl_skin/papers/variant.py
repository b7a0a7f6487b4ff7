"""A variant as a study of its own: its table, its settings, its folder, and what can be run in it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from automl_skin.data.join import digest_tables, read_tables
from automl_skin.data.labels import read_labelled
from automl_skin.data.table import blank_missing, with_decimal_points
from automl_skin.digests import digest_json
from automl_skin.errors import ConfigError
from automl_skin.files import atomic_write
from automl_skin.papers.planned import (
    NOT_ASKED,
    NOT_SMALL,
    PlannedCell,
    check_cell_names,
    keep_alone,
    plan_cells,
)
from automl_skin.papers.preparations import preparation_by_name
from automl_skin.papers.study_file import StudyFile, Variant
from automl_skin.papers.synthetic import LESIONS, settings_alone, synthetic_settings
from automl_skin.search.tuning_settings import NO_TUNING
from automl_skin.settings import Workspace
from automl_skin.steps.events import Listener
from automl_skin.study.config import StudyConfig
from automl_skin.study.settings_file import write_settings
from automl_skin.study.study import SETTINGS, Study, settings_of

DIGITS = 8
"""Of the digest that tells runs of a variant with other settings or data apart."""

OF_COLUMNS = ("group", "metadata", "ignore", "allow", "quarantine")
"""Settings that name columns without which a study can be made."""


@dataclass(frozen=True)
class Overrides:
    """What a call of ``reproduce`` asks for besides what stands in the file.

    Parameters
    ----------
    flags : mapping of str to value
        Settings, which win over those of the file.
    smoke : bool
        Whether the small form on synthetic data is run.
    variants : tuple of str
        Those that are run; empty for all.
    cells : tuple of str
        Those that are run; empty for all.
    open_again : bool
        Whether the locked cases may be opened although they were for other cells.
    """

    flags: Mapping[str, Any] = field(default_factory=dict)
    smoke: bool = False
    variants: tuple[str, ...] = ()
    cells: tuple[str, ...] = ()
    open_again: bool = False


@dataclass(frozen=True)
class OpenedVariant:
    """A variant that is ready to be run.

    Parameters
    ----------
    cells : tuple of PlannedCell
        All of the variant, those that cannot be run with the reason.
    changes : tuple of str
        What was changed of the file's settings, in words.
    own_data : bool
        Whether the table is one that the user gave, which may lack what the file names.
    """

    variant: Variant
    study: Study
    cells: tuple[PlannedCell, ...]
    changes: tuple[str, ...]
    own_data: bool = False


def open_variant(
    workspace: Workspace, file: StudyFile, variant: Variant, overrides: Overrides, tell: Listener
) -> OpenedVariant:
    """Settle what a variant is, and write its table and its settings into its folder.

    The folder's name ends with a digest of settings and table, so that what was run with others stays what it was.

    Raises
    ------
    ConfigError
        If a setting or a cell is wrong.
    """
    given = {"shift_cases": 0, **file.settings, **variant.settings}
    smoke = settings_alone(variant.smoke) if overrides.smoke else {}
    given |= smoke
    made_up = _synthetic_of(variant, given, overrides)
    if made_up:
        given |= synthetic_settings(made_up, int(given.get("seed", 0)), workspace.cache, tell)
    asked = settings_of(given, overrides.flags, f"the study {file.name}, variant {variant.name}")
    _require_data(file, asked)
    # one network takes the place of all where the user names one, and in the small form
    backbone = asked.backbone[0] if "backbone" in overrides.flags or "backbone" in smoke else ""
    papers = {**file.settings, **variant.settings}.get("backbone", StudyConfig().backbone)[0]
    cells = plan_cells(
        file.cells_of(variant.name),
        asked,
        papers,
        backbone,
        keep_own=not overrides.smoke,
        own_size="size" not in {**smoke, **overrides.flags},
        named=overrides.cells,
    )
    if overrides.smoke and "cells" in variant.smoke:
        cells = keep_alone(cells, variant.smoke["cells"], NOT_SMALL)
    if overrides.cells:
        cells = keep_alone(cells, check_cell_names(file, overrides.cells), NOT_ASKED)
    config = _config_of(asked, cells)
    own_data = bool(overrides.flags.get("data")) and not overrides.smoke
    lacking: list[str] = []
    if own_data:
        config, variant, lacking = _fit_to_table(config, variant, overrides.flags)
    tables = _prepared_tables(variant, config, workspace.cache)
    if variant.preparation:
        config = config.with_settings({"labels": ""})  # they are in the prepared table
    digest = digest_json([config.identity(), digest_tables(tables)])[:DIGITS]
    name = "-".join([variant.name, *(["smoke"] if overrides.smoke else []), digest])
    folder = workspace.study_folder(file.name) / name
    config = config.with_settings({"data": tables})
    if not (folder / SETTINGS).is_file():
        heading = f"The variant {variant.name} of {file.name}: automl-skin reproduce {file.name}"
        write_settings(folder / SETTINGS, config, heading)
    study = Study(f"{file.name} {name}", folder, config, workspace)
    changes = (*_changes(overrides, given, made_up), *lacking)
    return OpenedVariant(variant, study, cells, changes, own_data)


def _synthetic_of(variant: Variant, given: Mapping[str, Any], overrides: Overrides) -> Mapping[str, Any]:
    """Return which synthetic data are meant; empty where a table is given."""
    if overrides.smoke:
        return variant.smoke or {"lesions": LESIONS}
    return {} if given.get("data") or overrides.flags.get("data") else variant.synthetic


def _require_data(file: StudyFile, config: StudyConfig) -> None:
    """Refuse to continue without the paper's data.

    Raises
    ------
    ConfigError
        If no table is given.
    """
    if not config.data:
        raise ConfigError(
            f"{file.name} needs {file.paper.needs}: give --data and --images, or --smoke for synthetic data"
        )


def _config_of(asked: StudyConfig, cells: Sequence[PlannedCell]) -> StudyConfig:
    """Return the settings of the study, which has the networks and tunings of its cells and no others."""
    runnable = [each for each in cells if not each.not_run]
    backbones = list(dict.fromkeys(each.backbone.name for each in runnable if each.backbone))
    tunings = {each.tuning.name: each.tuning for each in runnable if each.tuning}
    ways = list(dict.fromkeys(each.way for each in runnable if each.way))
    return asked.with_settings(
        {
            "backbone": backbones or list(asked.backbone),
            "tuning": [str(each) for each in tunings.values()] or [NO_TUNING],
            "tuning_set": [],
            "way": ways or list(asked.way),
            "trials": max(len({_model_of(each) for each in runnable}), 1),
        }
    )


def _model_of(planned: PlannedCell) -> str:
    """Return what two cells have in common that are one trial, as text."""
    rest = {name: value for name, value in planned.cell.choose.items() if name not in {"backbone", "tuning"}}
    network = planned.backbone.name if planned.backbone else ""
    tuning = planned.tuning.name if planned.tuning else ""
    return repr((network, tuning, sorted(rest.items()), planned.cell.fields))


def _prepared_tables(variant: Variant, config: StudyConfig, cache: Path) -> list[str]:
    """Return the tables that the variant is of: the user's own, or the one that the preparation makes of them."""
    if not variant.preparation:
        return list(map(str, config.data))
    paths = [Path(path) for path in config.data]
    options = {"target": config.target, "folds": config.folds, "seed": config.seed, **variant.options}
    labels = Path(config.labels) if config.labels else None
    digest = digest_tables([*paths, *([labels] if labels else [])])
    own = digest_json([variant.preparation, sorted(map(str, options.items())), digest])
    made = cache / "prepared" / f"{paths[0].stem}-{variant.name}-{own[:DIGITS]}.csv"
    joined = read_labelled(paths, labels, config.target if labels else "").table
    table = preparation_by_name(variant.preparation)(blank_missing(with_decimal_points(joined)), options)
    with atomic_write(made) as temporary:
        table.to_csv(temporary, index=False, lineterminator="\n")
    return [str(made)]


def _fit_to_table(
    config: StudyConfig, variant: Variant, flags: Mapping[str, Any]
) -> tuple[StudyConfig, Variant, list[str]]:
    """Leave out the columns that the file names and the user's own table lacks, and say so."""
    joined, _ = read_tables([Path(path) for path in config.data])
    columns = set(map(str, joined))
    notes = []
    for name in OF_COLUMNS:
        named = list(getattr(config, name))
        absent = [column for column in named if column not in columns]
        if absent and name not in flags:
            config = config.with_settings({name: [column for column in named if column in columns]})
            notes.append(f"{name} without {', '.join(absent)}, which the table lacks")
    made = str(variant.options.get("column", "fold")) if variant.preparation else ""
    if config.split and "split" not in flags and config.split not in {*columns, made}:
        notes.append(f"groups dealt at random, as the table lacks the column {config.split}")
        config = config.with_settings({"split": "", "drop_crossing": False, "waive_leakage": False})
    known = variant.options.get("known", [])
    absent = [column for column in known if column not in columns]
    if absent:
        options = {**variant.options, "known": [column for column in known if column in columns]}
        variant = replace(variant, options=options)
        notes.append(f"no rows left out for a missing {', '.join(absent)}, which the table lacks")
    return config, variant, notes


def _changes(overrides: Overrides, given: Mapping[str, Any], made_up: Mapping[str, Any]) -> list[str]:
    """Say what is not as the file says it."""
    places = {"data", "images", "weights_dir", "device", "jobs", "devices", "batch_size", "tracking_uri"}
    changes = ["the small form on synthetic data (--smoke)"] if overrides.smoke else []
    if made_up and not overrides.smoke:
        changes.append("synthetic data in place of the paper's")
    for name, value in overrides.flags.items():
        if name not in places and value != given.get(name):
            shown = " ".join(map(str, value)) if isinstance(value, list | tuple) else value
            changes.append(f"{name} = {shown}")
    return changes
