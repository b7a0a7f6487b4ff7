"""Metadata as columns of numbers, such that absence is not evidence.

Which fields are missing tells more about who curated a collection than about the lesion. So in training

1. every missing field is filled with the value of a random other case (hot deck), and
2. then fields of random cases, filled or not, are made neutral, as an absent field is at scoring.

The first makes a case with a missing field look like any other; the second teaches the head what to answer
without the field. The order matters: were only missing fields made neutral, neutral would mean missing; were only
present ones, it would mean present.

With an `imputation` one value is filled in wherever a field is missing, in training and in scoring, as published
systems do it. It is fitted on the training rows of a fold, where those systems took all rows.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from automl_skin.arrays import Float32Array, FloatArray
from automl_skin.features.levels import LevelColumn, fit_levels
from automl_skin.features.numbers import NumberColumn, UnitColumn, fit_number, fit_unit_number

Kind = Literal["number", "category"]
Imputation = Literal["neutral", "mean", "median"]
Scaling = Literal["standard", "unit"]
Column = NumberColumn | UnitColumn | LevelColumn


@dataclass(frozen=True)
class EncoderConfig:
    """How metadata is encoded.

    Parameters
    ----------
    rare_below : int
        Levels with fewer training cases share one column.
    mask_share : float
        Share of the fields that are made neutral in training.
    mask_case_share : float
        Share of the cases whose fields are all made neutral in training: images without metadata.
    missing_indicators : bool
        Adds a column per field that says whether it is missing, and fills nothing at random. Off, because it
        lets the head learn from absence.
    imputation : {"neutral", "mean", "median"}
        What stands for a missing field. "neutral": the median of a number and the shares of the levels, after the
        training of the module's docstring. "mean" (Li et al. 2020; Levine et al. 2025) and "median" (Ahammed et al.
        2025): that of a number and the most frequent level, the same in training as in scoring.
    scaling : {"standard", "unit"}
        Numbers with unit deviation around their median, or from 0 to 1 (Li et al. 2020).
    """

    rare_below: int = 10
    mask_share: float = 0.1
    mask_case_share: float = 0.05
    missing_indicators: bool = False
    imputation: Imputation = "neutral"
    scaling: Scaling = "standard"

    @property
    def fills_at_random(self) -> bool:
        """Whether a missing field of a training case gets the value of a random other case."""
        return self.imputation == "neutral" and not self.missing_indicators


@dataclass(frozen=True)
class MetadataEncoder:
    """A fitted encoder.

    Parameters
    ----------
    fields : tuple of NumberColumn, UnitColumn or LevelColumn
        In the order of the training metadata.
    """

    config: EncoderConfig
    fields: tuple[Column, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the encoded columns, ``n_columns`` of them."""
        names = [column for field in self.fields for column in field.columns]
        if self.config.missing_indicators:
            names += [f"{field.name} is missing" for field in self.fields]
        return tuple(names)

    def transform(self, metadata: pd.DataFrame) -> Float32Array:
        """Encode cases for scoring; what is absent is neutral.

        Parameters
        ----------
        metadata : DataFrame
            One row per case; columns in any order, absent ones count as missing, others are ignored.

        Returns
        -------
        ndarray of shape (n_cases, n_columns), float32
            A missing number is 0 (the median), a missing level the shares of the levels in training; or what the
            imputation says.
        """
        read = [field.read(_column(metadata, field.name)) for field in self.fields]
        return self._assemble(read, len(metadata))

    def transform_training(self, metadata: pd.DataFrame, rng: np.random.Generator) -> Float32Array:
        """Encode the training cases, filled and masked at random; see the module's docstring."""
        shape = (len(metadata), len(self.fields))
        masked = rng.random(shape) < self.config.mask_share
        masked |= rng.random((shape[0], 1)) < self.config.mask_case_share
        read = [field.read(_column(metadata, field.name)) for field in self.fields]
        if self.config.fills_at_random:
            read = [_hot_deck(values, rng) for values in read]
        read = [np.where(mask, np.nan, values) for values, mask in zip(read, masked.T, strict=True)]
        return self._assemble(read, shape[0])

    def absent(self) -> Float32Array:
        """Return what stands for metadata that are all missing, shape (n_columns,)."""
        row: Float32Array = self.transform(pd.DataFrame(index=[0]))[0]
        return row

    def _assemble(self, read: list[FloatArray], n_cases: int) -> Float32Array:
        parts = [np.empty((n_cases, 0))]
        for field, values in zip(self.fields, read, strict=True):
            encoded = field.encode(values)
            parts.append(np.where(np.isnan(encoded), field.neutral, encoded))
        if self.config.missing_indicators:
            parts += [np.isnan(values)[:, None].astype(np.float64) for values in read]
        matrix: Float32Array = np.hstack(parts).astype(np.float32)
        return matrix


def fit_encoder(config: EncoderConfig, metadata: pd.DataFrame, kinds: Mapping[str, Kind]) -> MetadataEncoder:
    """Fit an encoder on the metadata of training cases.

    Parameters
    ----------
    metadata : DataFrame
        One row per case. A column without a single value is left out.
    kinds : mapping of str to {"number", "category"}
        By column; its other entries are ignored.
    """
    names = [name for name in metadata.columns if not metadata[name].isna().all()]
    return MetadataEncoder(
        config, tuple(_fit_column(config, metadata[name], str(name), kinds[name]) for name in names)
    )


def _fit_column(config: EncoderConfig, values: pd.Series, name: str, kind: Kind) -> Column:
    if kind == "category":
        return fit_levels(values, name, config.rare_below, config.imputation)
    if config.scaling == "unit":
        return fit_unit_number(values, name, config.imputation)
    return fit_number(values, name, config.imputation)


def _column(metadata: pd.DataFrame, name: str) -> pd.Series:
    if name in metadata.columns:
        return metadata[name]
    return pd.Series(np.nan, index=metadata.index, dtype=object)


def _hot_deck(values: FloatArray, rng: np.random.Generator) -> FloatArray:
    missing = np.isnan(values)
    donors = values[~missing]
    if len(donors) == 0:
        return values
    filled = values.copy()
    filled[missing] = rng.choice(donors, size=int(missing.sum()))
    return filled
