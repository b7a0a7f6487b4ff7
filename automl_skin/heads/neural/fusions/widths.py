"""How wide the fully connected layers on the metadata are."""

from typing import TYPE_CHECKING, Literal

from automl_skin.heads.space import Categorical

if TYPE_CHECKING:
    from torch import Tensor

    from automl_skin.heads.neural.engine import Engine

Shape = Literal["narrow", "published"]

# As wide as the image is what Li et al. 2020 did with one network. With three (3,840 columns) two such trials took
# half of a search's time, so it is left to whoever sets it by name.
SHAPES = Categorical("narrow", by_name=("published",))


def metadata_sizes(n_metadata: int, n_layers: int, n_out: int, width: int, shape: Shape) -> list[int]:
    """Return the sizes between the layers, beginning with the metadata's columns.

    Parameters
    ----------
    n_metadata, n_layers, n_out : int
    width : int
        Of the hidden layers where `shape` is "narrow".
    shape : {"narrow", "published"}
        "published": each layer is half as wide as the next one (Li et al. 2020, section 3.5).

    Examples
    --------
    >>> metadata_sizes(17, 3, 2048, 32, "published"), metadata_sizes(17, 3, 2048, 32, "narrow")
    ([17, 512, 1024, 2048], [17, 32, 32, 2048])
    """
    if n_layers == 0:
        return [n_metadata]
    halves = [max(n_out // 2**number, 1) for number in range(n_layers - 1, 0, -1)]
    return [n_metadata, *(halves if shape == "published" else [width] * (n_layers - 1)), n_out]


def relu_stack(engine: "Engine", prefix: str, n_layers: int, values: "Tensor") -> "Tensor":
    """Apply fully connected layers, each followed by ReLU."""
    for number in range(n_layers):
        values = engine.dense(f"{prefix}.{number}", values).relu()
    return values
