"""A study's settings once they are checked, and what follows from them.

What stands in `study.toml`, what is given as a flag and what the Python API is given mean the same. A study's file has
the names of the settings, in one table without sections. A flag wins over the file. The file of a study that was begun
with flags is written for the user, so that the same command, or ``search --study NAME`` alone, continues it.
"""

import difflib
import math
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ConfigDict, ValidationError
from pydantic.dataclasses import dataclass as checked_dataclass

from automl_skin.chains.config import FUSIONS, ROTATION, WAYS
from automl_skin.data.roles import ROLES
from automl_skin.embeddings.given import parse_given
from automl_skin.errors import ConfigError
from automl_skin.features.encoder import EncoderConfig
from automl_skin.heads.catalogue import FAMILIES
from automl_skin.metrics.catalogue import COST, metric_by_name
from automl_skin.search.tuning_settings import AUTO_TUNING, NO_TUNING, check_tuning, tuning_changes
from automl_skin.study.settings import RECOGNISED, SETTINGS, StudySettings, check_minimums

RUNTIME = frozenset(name for name, setting in SETTINGS.items() if setting.may_change)
"""Settings that may change from one call to the next: they do not change what a trial's outcome means."""

NO_BACKBONE = "none"
"""In place of a backbone's name: photographs go through no network, and vectors are given."""

TRIALS = 200
"""Trials of a study that is given neither their number nor a budget."""

MAX_TRIALS = 9_999
"""Trials of a study whose budget is its only limit: their files have four digits."""

GPU_BUDGET_SECONDS = 3600.0
"""Tuning budget of `auto` on a GPU where none is given."""


@checked_dataclass(frozen=True, config=ConfigDict(extra="forbid", strict=True))
class StudyConfig(StudySettings):
    """The settings of a study, checked: each by its type and range, and all of them together."""

    def __post_init__(self) -> None:
        _check_names("family", self.family, tuple(FAMILIES))
        _check_names("fusion", self.fusion, tuple(FUSIONS))
        _check_names("way", self.way, WAYS)
        check_tuning(self.tuning, self.tuning_set)
        self._check_metric()
        _ = self.input_size, self.resized_to
        for name in ("backbone", "colour"):
            if not getattr(self, name):
                raise ConfigError(f"{name}: expected at least one, got none")
        self._check_given()
        self._check_numbers()

    @property
    def has_towers(self) -> bool:
        """Whether each kind of photograph has a tuned network of its own, where there are several kinds."""
        return self.towers != "shared"

    @property
    def joins_towers(self) -> bool:
        """Whether these networks are tuned together."""
        return self.towers == "joint"

    def _check_metric(self) -> None:
        if self.metric != COST:
            metric_by_name(self.metric, self.min_tpr)
        elif not self.costs:
            metric_by_name(COST)

    def _check_given(self) -> None:
        names = [name for name, _ in self.given]
        twice = [name for name in names if names.count(name) > 1 or name in self.backbones]
        if twice:
            message = f"--embeddings: expected names that no other network has, got {twice[0]!r} twice"
            raise ConfigError(f"{message}; give one another name, NAME=FILE")
        if self.embeddings and self.is_synthetic:
            raise ConfigError("--embeddings: expected --data with it, the table of these vectors, got none")
        if self.backbone == (NO_BACKBONE,) and self.has_photographs and not self.embeddings:
            raise ConfigError(
                "--backbone none: expected --embeddings with it, got none; name a backbone, or give no --images"
            )
        if self.has_pixels:
            return
        pixels = "photographs that a network of the study sees (--images and --backbone)"
        if self.tuning not in {(AUTO_TUNING,), (NO_TUNING,)}:
            raise ConfigError(f"--tuning {self.tuning[0]}: expected {pixels}, got none; leave --tuning out")
        if self.objective == "robust":
            raise ConfigError(f"--objective robust: expected {pixels}, got none; leave --objective out")

    def _check_numbers(self) -> None:
        check_minimums(self)
        if self.objective == "robust" and self.embeddings:
            message = "--objective robust: expected networks that photographs under shift go through, got --embeddings"
            raise ConfigError(f"{message}; leave one of the two out")
        if self.objective == "robust" and not self.shift_cases:
            raise ConfigError("shift_cases: expected at least 1 for the objective robust, got 0")
        if ROTATION in self.way and self.folds < 3:
            raise ConfigError(
                f"folds: expected at least 3 for the way rotation, which holds out two of them; got {self.folds}"
            )
        for name in ("mask_share", "mask_case_share"):
            if not 0.0 <= getattr(self, name) < 1.0:
                raise ConfigError(f"{name}: expected a share in [0, 1), got {getattr(self, name)}")
        for name in ("sensitivity", "confidence"):
            share = getattr(self, name)
            if share is not None and not 0.0 < share < 1.0:
                raise ConfigError(f"{name}: expected a share between 0 and 1, got {share}")
        for name in ("timeout_seconds", "tuning_budget_seconds", "budget_seconds"):
            seconds = getattr(self, name)
            if seconds is not None and not seconds > 0.0:
                raise ConfigError(f"{name}: expected more than 0 seconds, got {seconds}")

    @property
    def is_synthetic(self) -> bool:
        """Whether the data is the built-in synthetic study's."""
        return not self.data

    @property
    def max_trials(self) -> int:
        """The trials after which the search ends, unless a budget ends it before."""
        if self.trials is not None:
            return self.trials
        return TRIALS if self.budget_seconds is None else MAX_TRIALS

    @property
    def tables(self) -> tuple[Path, ...]:
        """The tables of the cases, and that of the diagnoses where they have one of their own."""
        return tuple(Path(path) for path in (*self.data, self.labels) if path)

    @property
    def has_photographs(self) -> bool:
        """Whether a folder of photographs is given."""
        return self.is_synthetic or bool(self.images)

    @property
    def backbones(self) -> tuple[str, ...]:
        """The backbones that photographs go through; none without photographs."""
        return () if not self.has_photographs or self.backbone == (NO_BACKBONE,) else self.backbone

    @property
    def given(self) -> tuple[tuple[str, Path], ...]:
        """Name and file of all vectors that were made elsewhere."""
        return tuple(map(parse_given, self.embeddings))

    @property
    def has_pixels(self) -> bool:
        """Whether some network of the study sees photographs."""
        return bool(self.backbones)

    @property
    def measures_shifts(self) -> bool:
        """Whether models are looked at under shift: vectors that were made elsewhere cannot be made anew."""
        return self.has_pixels and not self.embeddings and self.shift_cases > 0

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
        named = {role: str(getattr(self, f"{role}_column", RECOGNISED)) for role in ROLES}
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
        if self.tuning == (NO_TUNING,) or not self.has_pixels:
            return 0.0
        if self.tuning_budget_seconds is not None or self.tuning != (AUTO_TUNING,):
            return self.tuning_budget_seconds
        if not on_gpu:
            return 0.0
        return min(GPU_BUDGET_SECONDS, 0.5 * (self.timeout_seconds or math.inf))

    def identity(self) -> dict[str, Any]:
        """Return the settings that make the study what it is."""
        return {name: value for name, value in plain_settings(self).items() if name not in RUNTIME}

    def with_settings(self, settings: Mapping[str, Any]) -> "StudyConfig":
        """Return the config with some settings replaced, checked."""
        return parse_settings({**plain_settings(self), **settings}, "the settings")


def check_names(settings: Mapping[str, Any], where: str) -> None:
    """Check that each setting is known.

    Raises
    ------
    ConfigError
        The message names the closest setting, and lists all.
    """
    for name in settings:
        if name not in SETTINGS:
            close = difflib.get_close_matches(name, SETTINGS, n=1)
            hint = f" (did you mean {close[0]!r}?)" if close else ""
            message = f"unknown setting {name!r} in {where}{hint}; known settings are {', '.join(SETTINGS)}"
            raise ConfigError(message)


def parse_settings(settings: Mapping[str, Any], where: str) -> StudyConfig:
    """Return the config of some settings by name; paths may be text, lists may be tuples.

    Raises
    ------
    ConfigError
        If a setting is unknown (the message lists the known ones), or is not of its type.
    """
    check_names(settings, where)
    values = {name: _as_declared(value) for name, value in settings.items()}
    if isinstance(values.get("data"), str):  # one table needs no brackets
        values["data"] = (values["data"],) if values["data"] else ()
    try:
        return StudyConfig(**values)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}, got {problem['input']!r}"
            for problem in error.errors()
        )
        raise ConfigError(f"settings in {where} have another type than expected: {problems}") from error


def _as_declared(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return tuple(map(_as_declared, value))
    return os.fspath(value) if isinstance(value, os.PathLike) else value


def plain_settings(config: StudySettings) -> dict[str, Any]:
    """Return all settings by name as TOML knows them."""
    values = {name: getattr(config, name) for name in SETTINGS}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}


def _sides(name: str, text: str) -> tuple[int, int] | None:
    if not text:
        return None
    sides = re.fullmatch(r"(\d+)(?:x(\d+))?", text)
    if sides is None or int(sides[1]) == 0:
        message = f"{name}: expected HEIGHTxWIDTH or one side in pixels, such as 168x224; got {text!r}"
        raise ConfigError(message)
    return int(sides[1]), int(sides[2] or sides[1])


def _check_names(what: str, given: Sequence[str], known: tuple[str, ...]) -> None:
    unknown = [name for name in given if name not in known]
    if unknown or not given:
        found = ", ".join(unknown) or "none"
        raise ConfigError(f"{what}: expected some of {', '.join(known)}; got {found}")
