import pytest

from automl_skin.evaluation.plots.shifts import shift_plot
from automl_skin.evaluation.shifts import ShiftedModel, ShiftFigures


@pytest.mark.parametrize("n_shifts", [1, 14])
@pytest.mark.parametrize("n_models", [1, 5])
def test_pictures(n_shifts, n_models, opened):
    shifts = tuple(f"shift_{each}" for each in range(n_shifts))
    models = {
        f"model {number}": ShiftedModel(
            0.9 - number / 50, {name: 0.88 - number / 40 - 0.01 * (len(name) % 3) for name in shifts}
        )
        for number in range(n_models)
    }
    opened(shift_plot(ShiftFigures(1000, 8000, shifts, models)))
