import numpy as np

from automl_skin import arrays


def test_names_stand_for_the_types_that_the_docstring_promises():
    named = {
        arrays.FloatArray: np.float64,
        arrays.Float32Array: np.float32,
        arrays.IntArray: np.int64,
        arrays.BoolArray: np.bool_,
        arrays.Pixels: np.uint8,
    }
    for alias, scalar in named.items():
        assert alias.__args__[1].__args__ == (scalar,)
