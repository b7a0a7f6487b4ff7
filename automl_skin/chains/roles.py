"""What a chain sees of the kinds of photograph (roles) that a case may have.

A network of all kinds (frozen, or tuned on all of them) has one basis: where a case lacks a kind that the chain sees,
the mean of its others that the chain sees stands in. A *tower* is a network that was tuned on one kind alone (Yap et
al. 2018, section 3.3), and its basis is its own: there the average photograph of that kind in training stands in. The
own head of towers that were tuned together has learnt what stands in. A case with none of the kinds that a chain sees
has no image for it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from automl_skin.arrays import BoolArray, Float32Array, FloatArray, IntArray
from automl_skin.backbones.tuning.tuned_head import TunedHead
from automl_skin.chains.config import OWN, ChainConfig
from automl_skin.chains.inputs import CaseInputs
from automl_skin.errors import ConfigError


@dataclass(frozen=True)
class ImageBlock:
    """Image columns of some cases, before they are projected.

    Parameters
    ----------
    values : ndarray of shape (n_cases, n_columns), float32
    known : ndarray of shape (n_cases, n_columns), or None
        Whether a value is of a photograph; None where all are. The others await their average.
    """

    values: Float32Array
    known: BoolArray | None = None

    @property
    def averages(self) -> FloatArray:
        """Mean of the known values of each column, 0 where there is none; shape (n_columns,)."""
        known = np.ones(self.values.shape, np.bool_) if self.known is None else self.known
        total = self.values.sum(axis=0, dtype=np.float64, where=known)
        return np.asarray(total / np.maximum(known.sum(axis=0), 1))

    def filled(self, averages: FloatArray) -> Float32Array:
        """Return the values with averages of shape (n_columns,) where there is no photograph."""
        if self.known is None:
            return self.values
        return np.where(self.known, self.values, averages.astype(np.float32))

    @classmethod
    def in_order(cls, parts: Sequence["ImageBlock"], order: IntArray) -> "ImageBlock":
        """Return the rows of several blocks, one after another, dealt to the places `order`."""
        values = np.empty((len(order), parts[0].values.shape[1]), np.float32)
        values[order] = np.concatenate([part.values for part in parts])
        masks = [part.known for part in parts if part.known is not None]
        if not masks:
            return cls(values)
        known = np.empty(values.shape, np.bool_)
        known[order] = np.concatenate(masks)
        return cls(values, known)


def seen_roles(config: ChainConfig, inputs: CaseInputs) -> list[int]:
    """Return the positions in `CaseInputs.roles` of the kinds of photograph that a chain sees.

    Raises
    ------
    ConfigError
        If the cases have no such kind.
    """
    unknown = [role for role in config.roles if role not in inputs.roles]
    if unknown:
        known = ", ".join(inputs.roles) or "one kind alone"
        raise ConfigError(
            f"roles of a chain: expected kinds of photograph of the study ({known}), got {', '.join(unknown)}"
        )
    return [inputs.roles.index(role) for role in config.roles or inputs.roles]


def sees_image(config: ChainConfig, inputs: CaseInputs) -> BoolArray:
    """Return whether each case has a photograph that the chain sees, shape (n_cases,)."""
    positions = seen_roles(config, inputs)
    if inputs.has_role is None:
        return inputs.has_image
    return np.asarray(inputs.has_role[:, positions].any(axis=1))


def embeddings_block(config: ChainConfig, inputs: CaseInputs, names: Sequence[str]) -> ImageBlock:
    """Return the embeddings that a chain sees side by side.

    Parameters
    ----------
    config : ChainConfig
    inputs : CaseInputs
    names : sequence of str
        The networks, by name.
    """
    seen_roles(config, inputs)
    if config.towers:
        return _side_by_side([inputs.embeddings[name] for name in names], _has_tower(config, inputs, names))
    if inputs.has_role is None:
        return ImageBlock(inputs.image_block(names))
    parts = [part for name in names for part in _with_stand_in(config, inputs, inputs.embeddings[name])]
    return ImageBlock(np.concatenate(parts, axis=1))


def logits_block(
    config: ChainConfig,
    inputs: CaseInputs,
    names: Sequence[str],
    heads: Sequence[TunedHead],
    metadata: Float32Array | None,
) -> ImageBlock:
    """Return the logits of networks' own heads: side by side, but the mean of towers in the way ``own``.

    Towers that were tuned together have one head, and one answer. A head of a network of all kinds of photograph is
    given the mean of a case's embeddings of the kinds that the chain sees: it has seen each alone.

    Parameters
    ----------
    config : ChainConfig
    inputs : CaseInputs
    names : sequence of str
        The networks, by name.
    heads : sequence of TunedHead
        One per network, or one per backbone on all towers that were tuned together; see `own_heads`.
    metadata : ndarray of shape (n_cases, n_metadata_columns), optional
        Encoded; heads that were tuned jointly with metadata need it.
    """
    if any(head.towers for head in heads):
        return _joint_answers(config, inputs, names, heads, metadata)
    answers = []
    for name, head in zip(names, heads, strict=True):
        embedding = inputs.embeddings[name]
        if not config.towers:
            embedding = _mean_kind(config, inputs, embedding)
        logits = head.logits(embedding, metadata if head.n_metadata else None)
        answers.append(logits.astype(np.float32))
    if not config.towers:
        return ImageBlock(np.concatenate(answers, axis=1))
    has_tower = _has_tower(config, inputs, names)
    return _mean_answer(answers, has_tower) if config.way == OWN else _side_by_side(answers, has_tower)


def own_heads(
    config: ChainConfig, names: Sequence[str], heads: Mapping[str, TunedHead]
) -> tuple[TunedHead, ...]:
    """Return the heads of some networks, those of towers that were tuned together once per backbone.

    Parameters
    ----------
    names : sequence of str
        The networks, by name.
    heads : mapping of str to TunedHead
        By name; towers that were tuned together have the same one.
    """
    found = tuple(heads[name] for name in names)
    return found[:: len(config.roles)] if any(head.towers for head in found) else found


def _joint_answers(
    config: ChainConfig,
    inputs: CaseInputs,
    names: Sequence[str],
    heads: Sequence[TunedHead],
    metadata: Float32Array | None,
) -> ImageBlock:
    """Return what heads on all towers say side by side; a kind that a chain does not see is absent for them."""
    has, n_roles, answers = _has_tower(config, inputs, names), len(config.roles), []
    for place, head in enumerate(heads):
        assert head.towers is not None
        mine = slice(place * n_roles, (place + 1) * n_roles)
        blocks = zip([inputs.embeddings[name] for name in names[mine]], has[mine], strict=True)
        embedding = head.towers.side_by_side(dict(zip(config.roles, blocks, strict=True)), len(inputs))
        answers.append(head.logits(embedding, metadata).astype(np.float32))
    return ImageBlock(np.concatenate(answers, axis=1))


def _has_tower(config: ChainConfig, inputs: CaseInputs, names: Sequence[str]) -> list[BoolArray]:
    """Return for each network whether a case has a photograph of its kind; roles repeat with every backbone."""
    assert inputs.has_role is not None
    positions = seen_roles(config, inputs)
    return [inputs.has_role[:, positions[place % len(positions)]] for place in range(len(names))]


def _side_by_side(blocks: Sequence[Float32Array], has: Sequence[BoolArray]) -> ImageBlock:
    known = [
        np.repeat(mask[:, None], block.shape[1], axis=1) for block, mask in zip(blocks, has, strict=True)
    ]
    return ImageBlock(np.concatenate(blocks, axis=1), np.concatenate(known, axis=1))


def _mean_answer(answers: Sequence[Float32Array], has: Sequence[BoolArray]) -> ImageBlock:
    """Return the mean over the towers whose photograph a case has; over all where it has none."""
    counted = np.stack(has)
    counted = counted | ~counted.any(axis=0)
    total = np.where(counted[:, :, None], np.stack(answers), 0.0).sum(axis=0, dtype=np.float64)
    return ImageBlock((total / counted.sum(axis=0)[:, None]).astype(np.float32))


def _with_stand_in(config: ChainConfig, inputs: CaseInputs, embedding: Float32Array) -> list[Float32Array]:
    """Return the embedding of each kind that a chain sees, the mean of a case's others where it lacks one."""
    kinds, has = _kinds(config, inputs, embedding)
    stand_in = _mean_kind(config, inputs, embedding)
    return [np.where(has[:, [column]], kind, stand_in) for column, kind in enumerate(kinds)]


def _mean_kind(config: ChainConfig, inputs: CaseInputs, embedding: Float32Array) -> Float32Array:
    """Return the mean of a case's embeddings of the kinds that a chain sees, 0 where it has none of them."""
    if inputs.has_role is None:
        return embedding
    kinds, has = _kinds(config, inputs, embedding)
    total = np.zeros(kinds[0].shape)
    for column, kind in enumerate(kinds):
        total += np.where(has[:, [column]], kind, np.float32(0))
    return np.asarray((total / np.maximum(has.sum(axis=1), 1)[:, None]).astype(np.float32))


def _kinds(
    config: ChainConfig, inputs: CaseInputs, embedding: Float32Array
) -> tuple[list[Float32Array], BoolArray]:
    """Return the embedding of each kind that a chain sees, and whether each case has it."""
    assert inputs.has_role is not None
    positions = seen_roles(config, inputs)
    every = np.split(embedding, len(inputs.roles), axis=1)
    return [every[each] for each in positions], inputs.has_role[:, positions]
