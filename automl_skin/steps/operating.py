"""The operating points of a study; its own is fixed with the stack, before the locked test set is opened."""

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
    (point,) = _cross_fitted(study, built, material, [study.config.sensitivity])
    study.operating_point.write(StackPoint(built.stack.digest, point))
    return point


def operating_points(study: Study, built: BuiltStack, material: Material) -> list[OperatingPoint]:
    """Return the study's operating point among others, by wanted sensitivity; none for several classes.

    Raises
    ------
    IntegrityError
        If the stored point is not the one that the study's settings and its out-of-fold probabilities give.
    """
    own = fix_operating_point(study, built, material)
    if own is None:
        return []
    wanted = study.config.sensitivity
    points = _cross_fitted(study, built, material, sorted({*SENSITIVITIES, wanted}))
    expected = next(each for each in points if each.wanted == wanted)
    if (own.wanted, own.threshold, own.confidence) != (wanted, expected.threshold, expected.confidence):
        message = (
            f"{study.operating_point.path}: expected the threshold {expected.threshold!r} for a sensitivity of "
            f"{wanted:g}, got {own.threshold!r} for {own.wanted:g}. It was changed after it was written; restore it"
        )
        raise IntegrityError(message)
    return points


def _cross_fitted(
    study: Study, built: BuiltStack, material: Material, sensitivities: list[float]
) -> list[OperatingPoint]:
    return cross_fitted_operating_points(
        material.labels,
        built.probabilities,
        material.folds,
        material.groups,
        sensitivities,
        study.config.seed,
        study.config.confidence,
    )
