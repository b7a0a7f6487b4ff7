"""Which rows tune a network: images of development cases outside the held-out folds, their labels and metadata."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import numpy as np
import pandas as pd

from automl_skin.arrays import BoolArray, Float32Array, IntArray
from automl_skin.backbones.tuning.recipe import TuningRecipe
from automl_skin.data.plan import FoldPlan
from automl_skin.data.target import Target
from automl_skin.digests import Json, digest_array, digest_json
from automl_skin.errors import ConfigError, LeakageError
from automl_skin.features.encoder import EncoderConfig, Kind, fit_encoder
from automl_skin.records import to_plain
from automl_skin.seeding import derive_seed, generator


@dataclass(frozen=True, eq=False)
class TuningRows:
    """The rows of one tuning, one per image, or one per set of images for towers that are tuned together.

    Parameters
    ----------
    images : DataFrame of n_rows rows
        Columns ``case`` and ``content``; a case with several images has several rows.
    positions : ndarray of shape (n_rows,)
        Of the images among those that `tuning_rows` was given. Of towers that are tuned together, shape
        (n_rows, n_roles): one photograph of each kind, -1 where a case has none.
    labels : ndarray of shape (n_rows,)
        What is learnt, from 0.
    inner : ndarray of shape (n_rows,)
        Rows that are watched and not trained on: whole groups.
    target_of : ndarray of shape (n_labels,)
        Class of the target of each label.
    """

    images: pd.DataFrame
    positions: IntArray
    labels: IntArray
    inner: BoolArray
    target_of: IntArray

    @property
    def present(self) -> BoolArray | None:
        """Which photographs a row has, shape (n_rows, n_roles); None where each is one photograph."""
        return self.positions >= 0 if self.positions.ndim > 1 else None

    @property
    def digest(self) -> str:
        """Digest of content, label and use of each row, in order."""
        facts: dict[str, Json] = {
            "contents": [str(content) for content in self.images["content"]],
            "labels": self.labels.tolist(),
            "inner": self.inner.tolist(),
            "target_of": self.target_of.tolist(),
        }
        return digest_json(facts)


@dataclass(frozen=True, eq=False)
class TuningMetadata:
    """Encoded metadata of the rows of one tuning.

    Parameters
    ----------
    rows : ndarray of shape (n_rows, n_columns)
    absent : ndarray of shape (n_columns,)
        A case without metadata.
    digest : str
        Of the encoder and the rows.
    encoder : mapping
        The encoder as JSON.
    """

    rows: Float32Array
    absent: Float32Array
    digest: str
    encoder: Mapping[str, Json]


def tuning_rows(
    images: pd.DataFrame,
    cases: pd.DataFrame,
    target: Target,
    plan: FoldPlan,
    held_out: tuple[int, ...],
    recipe: TuningRecipe,
    seed: int,
    role: str = "",
    towers: tuple[str, ...] = (),
) -> TuningRows:
    """Choose the rows of one tuning.

    Parameters
    ----------
    images : DataFrame of n_images rows
        Columns ``case``, ``content``, ``readable`` and, for a tower, ``role``, of all cases.
    cases : DataFrame
        Index ``case``; columns ``label`` and ``diagnosis``.
    held_out : tuple of int
        Folds that the tuning must not see.
    recipe : TuningRecipe
        Says what is learnt, and how many rows are watched.
    seed : int
        The study's.
    role : str
        The kind of photograph that a tower sees; empty for a network of all kinds.
    towers : tuple of str
        The kinds of towers that are tuned together.

    Raises
    ------
    LeakageError
        If a row's case is locked, held out, or without a label.
    ConfigError
        If there is no photograph of the role, or of one of the towers.
    """
    training = plan.training(held_out)
    shown = images["readable"] & (images["role"].eq(role) if role else True)
    positions = np.flatnonzero(images["case"].isin(training) & shown)
    for kind in (role,) if role else towers:
        if not images["role"].iloc[positions].eq(kind).any():
            message = f"cannot tune a tower: expected readable {kind} photographs of training cases, got none"
            raise ConfigError(f"{message}; let one network see all kinds (--towers shared)")
    if towers:
        chosen, positions = _side_by_side(images.iloc[positions], positions, towers)
    else:
        chosen = images.iloc[positions]
    facts = cases.loc[chosen["case"]]
    _refuse_unknown(facts["label"])
    labels, target_of = _labels(facts, target, recipe.labels)
    watched = _watched(plan, held_out, training, recipe.inner_parts, seed)
    return TuningRows(chosen, positions, labels, chosen["case"].isin(watched).to_numpy(), target_of)


def tuning_metadata(
    rows: TuningRows,
    metadata: pd.DataFrame,
    kinds: Mapping[str, Kind],
    encoder: EncoderConfig,
    training: "pd.Index[str]",
    seed: int,
) -> TuningMetadata:
    """Encode the metadata of the rows of one tuning.

    The encoder is the one that chains fit on the same cases. Rows that are trained on are filled and masked as in the
    training of heads; rows that are watched are encoded as for scoring.

    Parameters
    ----------
    metadata : DataFrame
        Index ``case``.
    kinds : mapping of str to {"number", "category"}
    training : Index
        The development cases outside the held-out folds, in the order of the plan.
    seed : int
        Of the filling and masking.
    """
    known = metadata.loc[training]
    fitted = fit_encoder(encoder, known, kinds)
    place = pd.Series(range(len(training)), index=training).loc[rows.images["case"]].to_numpy()
    in_training = fitted.transform_training(known, generator(seed, "metadata"))[place]
    encoded = np.where(rows.inner[:, None], fitted.transform(known)[place], in_training)
    absent = fitted.transform(pd.DataFrame(index=["nobody"]))[0]
    described = cast("Mapping[str, Json]", to_plain(fitted))
    digest = digest_json({"encoder": described, "rows": digest_array(encoded)})
    return TuningMetadata(encoded, absent, digest, described)


def _side_by_side(
    images: pd.DataFrame, positions: IntArray, towers: tuple[str, ...]
) -> tuple[pd.DataFrame, IntArray]:
    """Return rows with a photograph of each kind, and the positions of these, shape (n_rows, n_roles).

    A case has as many rows as photographs of the kind of which it has most; the last one of each other kind repeats.
    """
    places = pd.DataFrame({"case": images["case"], "role": images["role"], "position": positions})
    places["number"] = places.groupby(["case", "role"]).cumcount()
    wide = places.pivot_table(index=["case", "number"], columns="role", values="position", aggfunc="first")
    wide = wide.reindex(columns=list(towers))
    found = wide.groupby(level="case").ffill().fillna(-1).to_numpy(np.int64)
    contents = dict(zip(positions.tolist(), images["content"].astype(str), strict=True))
    named = ["+".join(contents.get(place, "") for place in row) for row in found.tolist()]
    return pd.DataFrame({"case": wide.index.get_level_values("case"), "content": named}), found


def _refuse_unknown(labels: "pd.Series[int]") -> None:
    unknown = labels.index[labels < 0]
    if len(unknown):
        message = "expected development cases alone, whose labels are known here, to tune a network"
        raise LeakageError(f"{message}; got {len(unknown):,} others, such as {unknown[0]}")


def _labels(facts: pd.DataFrame, target: Target, level: str) -> tuple[IntArray, IntArray]:
    """Return what is learnt, and the target's class of each of its classes; diagnoses in the order of heads."""
    if level == "target":
        return np.array(facts["label"], np.int64), np.arange(len(target.classes), dtype=np.int64)
    names = sorted(target.levels)
    codes = pd.Series(range(len(names)), index=names)
    return np.array(codes.loc[facts["diagnosis"]], np.int64), target.labels(pd.Series(names))


def _watched(
    plan: FoldPlan, held_out: tuple[int, ...], training: "pd.Index[str]", parts: int, seed: int
) -> "pd.Index[str]":
    """Return one part of an inner split; none where there are too few groups."""
    parts = min(parts, plan.table.loc[training, "group"].nunique())
    if parts < 2:
        return training[:0]
    return plan.inner(held_out, parts, derive_seed(seed, "tuning"))[0][1]
