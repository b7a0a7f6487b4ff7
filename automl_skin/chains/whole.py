"""Whether the parts of a chain that was read from a file fit each other."""

from collections.abc import Iterator

import numpy as np

from automl_skin.chains.calibration import Calibrator
from automl_skin.chains.config import FUSIONS, IMAGE, METADATA, OWN
from automl_skin.chains.fitted import FittedChain
from automl_skin.errors import IntegrityError
from automl_skin.features.encoder import MetadataEncoder
from automl_skin.features.levels import LevelColumn
from automl_skin.features.numbers import NumberColumn
from automl_skin.features.projection import Projection

MAX_CLASSES = 10_000


def check_chain(chain: FittedChain, n_classes: int) -> None:
    """Check a chain that was read from a file, so that nothing in it can go wrong when cases are scored.

    The types of its record were checked in reading, and the heads check themselves when they are loaded.

    Parameters
    ----------
    chain : FittedChain
    n_classes : int
        Classes of the target.

    Raises
    ------
    IntegrityError
        If a part is missing or superfluous, of another size, or holds no finite numbers.
    """
    for problem in _problems(chain, n_classes):
        raise IntegrityError(f"a chain is not whole: {problem}")
    if chain.calibrator is not None:
        check_calibrator(chain.calibrator, n_classes)
    if chain.encoder is not None:
        _check_encoder(chain.encoder)
    if chain.projection is not None:
        _check_projection(chain.projection)
    _check_columns(chain)


def check_calibrator(calibrator: Calibrator, n_classes: int) -> None:
    """Check that there is one finite map per class, one alone for two classes."""
    wanted = 1 if n_classes == 2 else n_classes  # a binary target
    if not len(calibrator.slopes) == len(calibrator.intercepts) == wanted:
        message = (
            f"a calibrator of {n_classes} classes: expected {wanted} slopes and intercepts, got {calibrator}"
        )
        raise IntegrityError(message)


def _problems(chain: FittedChain, n_classes: int) -> Iterator[str]:
    """Yield what does not fit."""
    config = chain.config
    branches = FUSIONS[config.fusion].branches
    if chain.n_classes != n_classes or not 2 <= n_classes <= MAX_CLASSES:  # two classes
        yield f"expected {n_classes} classes, got {chain.n_classes!r}"
    if len(chain.heads) != len(branches):
        yield f"expected {len(branches)} heads for the fusion {config.fusion}, got {len(chain.heads)}"
    if not all(0 <= each < n_classes for each in chain.class_of):
        yield f"expected classes of the target, got {chain.class_of!r:.80}"
    # heads that were tuned jointly see metadata, whatever the fusion
    yield from _head_problems(chain)
    encodes = config.uses_metadata or any(head.n_metadata for head in chain.tuned_heads)
    if (chain.projection is not None) != config.uses_image or (chain.encoder is not None) != encodes:
        yield f"expected the parts of the fusion {config.fusion}"
    if not all(np.isfinite(array).all() for head in chain.tuned_heads for array in head.to_arrays().values()):
        yield "expected finite numbers in the heads of tuned networks"
    if config.fusion == "rank":
        yield from _reference_problems(chain.reference, (len(branches), n_classes))


def _head_problems(chain: FittedChain) -> Iterator[str]:
    """Yield what does not fit in the networks' own heads: one per network, or one per backbone on all its towers."""
    config, towers = chain.config, [head.towers for head in chain.tuned_heads]
    joint = [each for each in towers if each is not None]
    n_networks = len(chain.image_names) if config.uses_logits else 0
    n_heads = len(config.backbones) if joint else n_networks
    if len(towers) != n_heads:
        yield f"expected {n_heads} heads for {n_networks} networks, got {len(towers)}"
    if joint and (len(joint) < len(towers) or not config.towers):
        yield "expected heads on towers in all places or in none"
    if any(not set(config.roles) <= set(each.roles) for each in joint):
        yield f"expected heads on towers of {', '.join(config.roles)}, got {[each.roles for each in joint]!r:.200}"


def _reference_problems(reference: object, sizes: tuple[int, int]) -> Iterator[str]:
    if not isinstance(reference, np.ndarray) or reference.dtype != np.float64 or reference.ndim != 3:
        yield "expected the distributions that ranks are positions in"
    elif (reference.shape[0], reference.shape[2]) != sizes or not np.isfinite(reference).all():
        yield f"expected finite distributions of {sizes[0]} heads and {sizes[1]} classes, got {reference.shape}"


def _check_columns(chain: FittedChain) -> None:
    """Check that each head was fitted on as many columns as it is given."""
    image = chain.projection.n_columns if chain.projection is not None else 0
    metadata = len(chain.encoder.columns) if chain.encoder is not None else 0
    sizes = {IMAGE: image, METADATA: metadata}
    for head, branch in zip(chain.heads, FUSIONS[chain.config.fusion].branches, strict=True):
        signature = head.signature
        given = (sum(sizes[name] for name in branch), sizes[IMAGE] if IMAGE in branch else 0)
        if (signature.n_columns, signature.image_columns) != given:
            message = f"a head: expected {given} columns and of the image, got {signature}"
            raise IntegrityError(message)
        if signature.n_classes != len(chain.class_of):
            message = f"a head: expected {len(chain.class_of)} classes, got {signature.n_classes}"
            raise IntegrityError(message)
    if chain.config.way == OWN and image != len(chain.class_of):
        raise IntegrityError(f"a tuned head: expected one logit per class, got {image} columns")


def _check_projection(projection: Projection) -> None:
    shapes: dict[str, tuple[int, ...]] = {"mean": (len(projection.mean),), "scale": (len(projection.mean),)}
    if projection.components is None:
        shapes["variances"] = (0,)
    else:
        shapes["components"] = (len(projection.mean), len(projection.variances))
        shapes["variances"] = (len(projection.variances),)
    for name, shape in shapes.items():
        array = getattr(projection, name)
        # the scale of a constant column is infinite
        finite = not np.isnan(array).any() if name == "scale" else np.isfinite(array).all()
        if array.dtype != np.float64 or array.shape != shape or not finite:
            message = (
                f"a projection: expected finite {name} of shape {shape}, got {array.dtype} {array.shape}"
            )
            raise IntegrityError(message)
    if (projection.scale <= 0).any() or (projection.variances < 0).any() or not len(projection.mean):
        raise IntegrityError("a projection: expected columns with scales above 0 and variances of 0 or more")


def _check_encoder(encoder: MetadataEncoder) -> None:
    names = [field.name for field in encoder.fields]
    if len(set(names)) != len(names):
        raise IntegrityError(f"an encoder: expected different fields, got {names}")
    for field in encoder.fields:
        if isinstance(field, LevelColumn):
            levels = set(field.levels)
            whole = 0 < len(levels) == len(field.levels) == len(field.shares) and (
                field.fill is None or field.fill in levels
            )
        else:
            whole = field.low <= field.high and (not isinstance(field, NumberColumn) or field.scale > 0)
        if not whole:
            raise IntegrityError(
                f"an encoder: expected what was fitted on {field.name!r}, got {field!r:.200}"
            )
