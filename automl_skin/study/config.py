"""The settings of a study: what stands in `study.toml`, and what is a flag, mean the same.

A study's file has the flags' names with underscores for dashes, in one table without sections. A flag
wins over the file. The file of a study that was begun with flags is written for the user, so that the
same command, or ``search --study NAME`` alone, continues it.
"""

import difflib
import math
import re
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any, Literal

from pydantic import ConfigDict, ValidationError
from pydantic.dataclasses import dataclass as checked_dataclass

from automl_skin.chains.config import FUSIONS, ROTATION, WAYS
from automl_skin.errors import ConfigError
from automl_skin.features.encoder import EncoderConfig, Imputation, Scaling
from automl_skin.heads.catalogue import FAMILIES
from automl_skin.metrics.catalogue import Metric, metric_by_name
from automl_skin.search.space import SEARCHED_FUSIONS
from automl_skin.search.tuning_settings import AUTO_TUNING, NO_TUNING, check_tuning, tuning_changes

RUNTIME = frozenset(
    {
        "trials",
        "timeout_seconds",
        "jobs",
        "device",
        "tracking_uri",
        "batch_size",
        "weights_dir",
        "images",
        "data",
        "tuning_budget_seconds",
        "devices",
    }
)
"""Settings that may change from one call to the next: they do not change what a trial's outcome means."""


GPU_BUDGET_SECONDS = 3600.0
"""Of the tuning `auto` on a GPU without a budget."""

RECOGNISED = "auto"
"""Stands for a column that is recognised by its name and its values."""


@checked_dataclass(frozen=True, config=ConfigDict(extra="forbid", strict=True))
class StudyConfig:
    """What a study is.

    Parameters
    ----------
    data : tuple of str
        The table, or several that are joined by the id that they share; empty for the built-in synthetic study.
    images : str
        Image folder.
    target : str
        Column of the diagnosis.
    positive : tuple of str
        Its positive values; empty for as many classes as there are values.
    group : tuple of str
        Columns that join cases into groups, besides those that are recognised.
    split : str
        Column, or table with an id column, that says which rows are locked or in which fold.
    waive_leakage, drop_crossing : bool
        Accept a given split that cuts groups; or leave its crossing development rows out.
    case_column, image_column, image_role_column, patient_column, lesion_column, source_column : str
        Columns by role; ``auto`` recognises them, and empty says that there is none.
    metadata, ignore : tuple of str
        Columns to use, or not to use, as metadata.
    allow, quarantine : tuple of str
        Columns that the audit must not, or must, quarantine.
    allow_missing : bool
        Go on although more than 5 % of the images are missing.
    backbone : tuple of str
        Networks; see ``automl-skin search --help``.
    weights : {"pretrained", "random"}
    weights_dir : str
        Folder of weights in timm's hub layout.
    size : str
        Input in pixels, ``HEIGHTxWIDTH`` or one side; empty takes what the weights were made for.
    fit : {"squash", "crop"}
        Squash photographs into the input, or scale the shorter side and cut out the centre.
    resize : str
        Size like `size` that photographs are fitted to before the input is cut out of their centre; empty cuts nothing.
    views : {1, 4, 8}
        Flips of an image whose embeddings are averaged.
    colour : tuple of {"none", "shades_of_grey"}
        Colour constancy; several are searched.
    family, fusion : tuple of str
        What the search chooses from.
    folds, locked_share
        Of the fold plan.
    metric : str
        What the search maximises; `min_tpr` is of ``partial_auc``.
    sampler : {"tpe", "random"}
    seed : int
    mask_share, mask_case_share, missing_indicators, imputation, scaling
        Of the metadata encoder.
    trials, timeout_seconds, jobs, device, batch_size, tracking_uri
        How far and where the search runs.
    tuning : tuple of str
        ``none``, ``auto`` (the device and the budget decide), or names in `TUNINGS`, carried out in this order; a name
        may be followed by changes: ``full epochs=6``.
    tuning_budget_seconds : float or None
        Time for tuning, over all calls of the study; None for as long as named tunings take.
    tuning_set : tuple of str
        Changes such as ``epochs=6`` of every tuning that is named; a change that follows a name wins.
    way : tuple of {"within", "rotation", "logits", "own"}
        How tuned networks reach stage two; several are searched.
    towers : {"own", "shared"}
        Whether each kind of photograph has tuned networks of its own, where there are several kinds.
    devices : tuple of str
        Devices that tune side by side; empty for `device` alone.
    objective : {"auc", "robust"}
        What the search maximises: the metric, or its mean with the metric on shifted images.
    shift_cases : int
        Development cases whose images are shifted to measure that; 0 for none.
    """

    data: tuple[str, ...] = ()
    images: str = ""
    target: str = ""
    positive: tuple[str, ...] = ()
    group: tuple[str, ...] = ()
    split: str = ""
    waive_leakage: bool = False
    drop_crossing: bool = False
    case_column: str = RECOGNISED
    image_column: str = RECOGNISED
    image_role_column: str = RECOGNISED
    patient_column: str = RECOGNISED
    lesion_column: str = RECOGNISED
    source_column: str = RECOGNISED
    metadata: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()
    quarantine: tuple[str, ...] = ()
    allow_missing: bool = False
    backbone: tuple[str, ...] = ("mobilenetv2_100",)
    weights: Literal["pretrained", "random"] = "pretrained"
    weights_dir: str = ""
    size: str = ""
    fit: Literal["squash", "crop"] = "squash"
    resize: str = ""
    views: Literal[1, 4, 8] = 1
    colour: tuple[Literal["none", "shades_of_grey"], ...] = ("none",)
    family: tuple[str, ...] = tuple(FAMILIES)
    fusion: tuple[str, ...] = SEARCHED_FUSIONS
    folds: int = 5
    locked_share: float = 0.2
    metric: str = "auc"
    min_tpr: float = 0.8
    sampler: Literal["tpe", "random"] = "tpe"
    seed: int = 0
    mask_share: float = 0.1
    missing_indicators: bool = False
    mask_case_share: float = 0.05
    imputation: Imputation = "neutral"
    scaling: Scaling = "standard"
    trials: int = 200
    timeout_seconds: float | None = None
    jobs: int = 0
    device: str = "auto"
    batch_size: int = 0
    tracking_uri: str = ""
    tuning: tuple[str, ...] = (AUTO_TUNING,)
    tuning_budget_seconds: float | None = None
    tuning_set: tuple[str, ...] = ()
    way: tuple[str, ...] = ("within", "logits", "own")
    towers: Literal["own", "shared"] = "own"
    devices: tuple[str, ...] = ()
    objective: Literal["auc", "robust"] = "auc"
    shift_cases: int = 1000

    def __post_init__(self) -> None:
        _check_names("family", self.family, tuple(FAMILIES))
        _check_names("fusion", self.fusion, tuple(FUSIONS))
        _check_names("way", self.way, WAYS)
        check_tuning(self.tuning, self.tuning_set)
        self.scored_by()
        _ = self.input_size, self.resized_to
        for name in ("backbone", "colour"):
            if not getattr(self, name):
                raise ConfigError(f"{name} must name at least one; found none")
        for name, least in (
            ("trials", 1),
            ("folds", 2),
            ("jobs", 0),
            ("batch_size", 0),
            ("seed", 0),
            ("shift_cases", 0),
        ):
            if getattr(self, name) < least:
                raise ConfigError(f"{name} must be at least {least}; found {getattr(self, name)}")
        if self.objective == "robust" and not self.shift_cases:
            raise ConfigError("the objective robust needs shift_cases of at least 1; found 0")
        if ROTATION in self.way and self.folds < 3:
            raise ConfigError(
                f"the way rotation must have at least 3 folds, two of them held out; found {self.folds}"
            )
        _check_shares(mask_share=self.mask_share, mask_case_share=self.mask_case_share)
        for name in ("timeout_seconds", "tuning_budget_seconds"):
            seconds = getattr(self, name)
            if seconds is not None and not seconds > 0.0:
                raise ConfigError(f"{name} must be greater than 0; found {seconds}")

    @property
    def is_synthetic(self) -> bool:
        """Whether the data is the built-in synthetic study's."""
        return not self.data

    @property
    def input_size(self) -> tuple[int, int] | None:
        """Height and width of the networks' input; None for what the weights were made for."""
        return _sides("size", self.size)

    @property
    def resized_to(self) -> tuple[int, int] | None:
        """Height and width before the input is cut out; None where nothing is cut off."""
        return _sides("resize", self.resize)

    @property
    def encoder(self) -> EncoderConfig:
        """How metadata is encoded."""
        return EncoderConfig(
            mask_share=self.mask_share,
            mask_case_share=self.mask_case_share,
            missing_indicators=self.missing_indicators,
            imputation=self.imputation,
            scaling=self.scaling,
        )

    @property
    def role_columns(self) -> dict[str, str]:
        """Columns that the user named for a role; empty where there is none."""
        roles = ("case", "image", "image_role", "patient", "lesion", "source")
        named = {role: str(getattr(self, f"{role}_column")) for role in roles}
        return {role: column for role, column in named.items() if column != RECOGNISED}

    @property
    def tuning_changes(self) -> dict[str, str]:
        """What is changed of every tuning, by name."""
        return tuning_changes(self.tuning_set)

    def tuning_seconds(self, *, on_gpu: bool) -> float | None:
        """Return the seconds that tuning may take; 0 for none at all, None for as long as it takes.

        `auto` takes an hour on a GPU and nothing on a processor unless a budget is set, and at most half of the
        time that the whole search has.
        """
        if self.tuning == (NO_TUNING,):
            return 0.0
        if self.tuning_budget_seconds is not None or self.tuning != (AUTO_TUNING,):
            return self.tuning_budget_seconds
        if not on_gpu:
            return 0.0
        return min(GPU_BUDGET_SECONDS, 0.5 * (self.timeout_seconds or math.inf))

    def scored_by(self) -> Metric:
        """Return the metric that the search maximises."""
        return metric_by_name(self.metric, self.min_tpr)

    def identity(self) -> dict[str, Any]:
        """Return the settings that make the study what it is."""
        return {name: value for name, value in plain_settings(self).items() if name not in RUNTIME}

    def with_settings(self, settings: Mapping[str, Any]) -> "StudyConfig":
        """Return the config with some settings replaced, checked."""
        return parse_settings({**plain_settings(self), **settings}, "the settings")


KNOWN = tuple(field.name for field in fields(StudyConfig))


def settings_before(begun: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the settings that a study's identity does not have yet meant when it was begun.

    They are the defaults, but for tuning: before there was such a setting, nothing was tuned.

    Examples
    --------
    >>> settings_before({"seed": 3})["tuning"]
    ['none']
    """
    then = {**StudyConfig().identity(), "tuning": [NO_TUNING]}
    return {name: value for name, value in then.items() if name not in begun}


def parse_settings(settings: Mapping[str, Any], where: str) -> StudyConfig:
    """Return the config of some settings by name.

    Raises
    ------
    ConfigError
        If a setting is unknown (the message lists the known ones), or is not of its type.
    """
    for name in settings:
        if name not in KNOWN:
            close = difflib.get_close_matches(name, KNOWN, n=1)
            hint = f" (did you mean {close[0]!r}?)" if close else ""
            message = f"unknown setting {name!r} in {where}{hint}; known settings are {', '.join(KNOWN)}"
            raise ConfigError(message)
    lists: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in settings.items()
    }
    if isinstance(lists.get("data"), str):  # one table needs no brackets
        lists["data"] = (lists["data"],) if lists["data"] else ()
    try:
        return StudyConfig(**lists)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}, found {problem['input']!r}"
            for problem in error.errors()
        )
        raise ConfigError(f"settings in {where} must be of their type: {problems}") from error


def plain_settings(config: StudyConfig) -> dict[str, Any]:
    """Return all settings by name as TOML knows them."""
    values = asdict(config)
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}


def _check_shares(**shares: float) -> None:
    for name, share in shares.items():
        if not 0.0 <= share < 1.0:
            raise ConfigError(f"{name} must lie in [0, 1); found {share}")


def _sides(name: str, text: str) -> tuple[int, int] | None:
    if not text:
        return None
    sides = re.fullmatch(r"(\d+)(?:x(\d+))?", text)
    if sides is None or int(sides[1]) == 0:
        raise ConfigError(
            f"{name} must be HEIGHTxWIDTH or one side in pixels, such as 168x224; found {text!r}"
        )
    return int(sides[1]), int(sides[2] or sides[1])


def _check_names(what: str, given: tuple[str, ...], known: tuple[str, ...]) -> None:
    unknown = [name for name in given if name not in known]
    if unknown or not given:
        raise ConfigError(
            f"{what} must name some of {', '.join(known)}; found {', '.join(unknown) or 'none'}"
        )
