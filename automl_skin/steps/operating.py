"""The operating points of a study; its own is fixed with the stack, before the locked test set is opened."""

from automl_skin.arrays import FloatArray
from automl_skin.errors import IntegrityError
from automl_skin.evaluation.operating_point import OperatingPoint, cross_fitted_operating_points
from automl_skin.search.material import Material
from automl_skin.study.stack_files import BuiltStack, StackPoint
from automl_skin.study.study import Study

SENSITIVITIES = tuple(round(0.5 + 0.01 * step, 2) for step in range(50))
"""Further sensitivities that a bundle has thresholds for."""


def fix_operating_point(study: Study, built: BuiltStack, material: Material) -> OperatingPoint | None:
    """Return the study's operating point, which is written down the first time; None for several classes.

    Its sensitivity and confidence are settings of the study.
    """
    if material.n_classes != 2:  # a binary target
        return None
    stored = study.operating_point.find()
    if stored is not None and stored.stack == built.stack.digest:
        return stored.point
    (point,) = _cross_fitted(study, built.deployed, material, [study.config.sensitivity])
    study.operating_point.write(StackPoint(built.stack.digest, point))
    return point


def operating_points(
    study: Study, built: BuiltStack, material: Material, *, one_chain: bool = False
) -> list[OperatingPoint]:
    """Return the study's operating point among others, by wanted sensitivity; none for several classes.

    Parameters
    ----------
    one_chain : bool
        Of a stack of one chain per member, fitted on all rows, whose answer is no mean over folds: its thresholds are
        those of single chains, and the study's own point, which is the mean's, is not among them.

    Raises
    ------
    IntegrityError
        If the stored point is not the one that the study's settings and its out-of-fold probabilities give.
    """
    own = fix_operating_point(study, built, material)
    if own is None:
        return []
    wanted = study.config.sensitivity
    sensitivities = sorted({*SENSITIVITIES, wanted})
    if one_chain:
        return _cross_fitted(study, built.probabilities, material, sensitivities)
    points = _cross_fitted(study, built.deployed, material, sensitivities)
    expected = next(each for each in points if each.wanted == wanted)
    if (own.wanted, own.threshold, own.confidence) != (wanted, expected.threshold, expected.confidence):
        message = (
            f"{study.operating_point.path}: expected the threshold {expected.threshold!r} for a sensitivity of "
            f"{wanted:g}, got {own.threshold!r} for {own.wanted:g}. It was changed after it was written; restore it"
        )
        raise IntegrityError(message)
    return points


def _cross_fitted(
    study: Study, probabilities: FloatArray, material: Material, sensitivities: list[float]
) -> list[OperatingPoint]:
    return cross_fitted_operating_points(
        material.labels,
        probabilities,
        material.folds,
        material.groups,
        sensitivities,
        study.config.confidence,
    )
