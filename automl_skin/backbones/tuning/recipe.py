"""The tuning recipe: everything that is decided about tuning before it begins."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, get_args, get_type_hints

from automl_skin.backbones.tuning.fusions import EMBEDDING_NETWORK, check_settings
from automl_skin.backbones.tuning.recipe_values import SIDES, Between, Matching, checked, suggestion
from automl_skin.digests import digest_json
from automl_skin.errors import ConfigError
from automl_skin.heads.space import Value

_VERSION = 1  # counts changes of the training that change its outcome: old networks no longer match


@dataclass(frozen=True)
class TuningRecipe:
    """How a network is tuned.

    What a field may hold stands with its type.

    Parameters
    ----------
    mode : {"head", "partial", "full", "joint"}
        What learns: our linear head alone, also the last two stages, everything, or everything together with a
        layer that sees the metadata.
    epochs : int
        Passes over the training rows.
    batch_size : int
        Images per step of the optimiser; where memory is short it is gathered from smaller pieces.
    optimizer : {"adamw", "adam", "sgd", "momentum"}
        timm's; SGD has Nesterov's momentum of 0.9, "momentum" is SGD with the plain one of 0.9.
    learning_rate : float
        At its peak, of the last layers.
    weight_decay : float
        Of matrices only; scales and biases do not decay.
    layer_decay : float
        Factor of the learning rate from each layer to the one before it (Bao et al. 2022, BEiT).
    schedule : {"cosine", "steps", "constant"}
        Course of the learning rate after the warm-up.
    warm_up : float
        Epochs in which the learning rate rises linearly.
    milestones : str
        Of "steps": the epochs after which the learning rate is multiplied by `step_factor`, such as ``50,120,200``.
    loss : {"cross_entropy", "weighted", "focal"}
        "weighted": each class weighs the inverse of its share; "focal": Lin et al. 2017, with their exponent of 2.
    label_smoothing : float
        Share of a label that is spread over all classes.
    sampling : {"natural", "balanced"}
        "balanced": each class is drawn equally often, with replacement.
    ema : float
        Decay per step of the averaged weights that are kept in the end; 0 keeps the last ones.
    drop_path : float
        Share of residual branches that is dropped (stochastic depth), where the network has them.
    augmentation : {"none", "light", "siim", "randaugment"}
        Preset of `automl_skin.images.augment`.
    mixup : float
        Parameter of the beta distribution (Zhang et al. 2018); 0 none.
    batch_norm : {"adapt", "kept"}
        "kept": batch normalisation keeps its pretrained statistics.
    wise : float
        Share of the tuned weights in the network's final ones, the rest are pretrained ones (WiSE-FT,
        Wortsman et al. 2022).
    labels : {"diagnosis", "target"}
        What is learnt.
    colour : {"", "none", "shades_of_grey"}
        Colour constancy of the photographs; "" leaves it to the pixel recipe.
    size : str
        Input in pixels, ``HEIGHTxWIDTH``; "" leaves it to the pixel recipe.
    inner_parts : int
        One in so many training rows, whole groups, is watched and not trained on; 0 none.
    patience : int
        Epochs without gain on the watched rows before training stops and goes back to its best epoch; 0
        trains all epochs and keeps the last.
    metadata_width : int
        Hidden units that see the metadata in "joint".
    metadata_dropout : float
        Share of the cases of a step that lose all metadata in "joint".
    warm_up_rate : float
        Share of the peak at which the learning rate stays during the warm-up; 0 lets it rise linearly instead.
    fit : {"", "squash", "crop"}
        Squash a photograph into the input, or cut the centre out of it; "" leaves it to the pixel recipe.
    resize : str
        ``HEIGHTxWIDTH`` in pixels to which photographs are fitted first: training sees a random cut of the input's
        size, everything else the centre. "" leaves it to the pixel recipe.
    fusion : str
        How image and metadata meet in "joint": "concat" (without settings: the hidden layer of `metadata_width`), or
        another fusion of the neural heads or of `automl_skin.backbones.spatial`. "yap", an embedding network, is
        possible in the other modes as well, where it sees the image alone.
    fusion_settings : mapping of str to value
        What is changed of the fusion's settings, such as ``{"layers": 3, "width": 64}``.
    head_dropout : float
        Share of the linear head's input that is dropped, by each of five dropouts whose scores are averaged (Ha et al.
        2020); a fusion has settings of its own for that.

    Raises
    ------
    ConfigError
        If a value is of the wrong type, out of range, or contradicts another one.

    Examples
    --------
    >>> TuningRecipe(epochs=6).epochs
    6
    """

    mode: Literal["head", "partial", "full", "joint"] = "full"
    epochs: Annotated[int, Between(1, 10_000)] = 3
    batch_size: Annotated[int, Between(1, 65_536)] = 32
    optimizer: Literal["adamw", "adam", "sgd", "momentum"] = "adamw"
    learning_rate: Annotated[float, Between(1e-9, 100.0)] = 5e-4
    weight_decay: Annotated[float, Between(0.0, 10.0)] = 0.01
    layer_decay: Annotated[float, Between(0.01, 1.0)] = 1.0
    schedule: Literal["cosine", "steps", "constant"] = "cosine"
    warm_up: Annotated[float, Between(0.0, 10_000.0)] = 0.3
    milestones: Annotated[str, Matching(r"([1-9]\d*(,[1-9]\d*)*)?", "epochs such as 50,120,200 or empty")] = (
        ""
    )
    step_factor: Annotated[float, Between(1e-6, 1.0)] = 0.1
    loss: Literal["cross_entropy", "weighted", "focal"] = "cross_entropy"
    label_smoothing: Annotated[float, Between(0.0, 0.9)] = 0.0
    sampling: Literal["natural", "balanced"] = "natural"
    ema: Annotated[float, Between(0.0, 0.99999)] = 0.0
    drop_path: Annotated[float, Between(0.0, 0.9)] = 0.0
    augmentation: Literal["none", "light", "siim", "randaugment"] = "light"
    mixup: Annotated[float, Between(0.0, 10.0)] = 0.0
    batch_norm: Literal["adapt", "kept"] = "adapt"
    wise: Annotated[float, Between(0.0, 1.0)] = 1.0
    labels: Literal["diagnosis", "target"] = "diagnosis"
    colour: Literal["", "none", "shades_of_grey"] = ""
    size: Annotated[str, SIDES] = ""
    inner_parts: Annotated[int, Between(0, 1000)] = 20
    patience: Annotated[int, Between(0, 10_000)] = 0
    metadata_width: Annotated[int, Between(1, 4096)] = 32
    metadata_dropout: Annotated[float, Between(0.0, 1.0)] = 0.3
    warm_up_rate: Annotated[float, Between(0.0, 1.0)] = 0.0
    fit: Literal["", "squash", "crop"] = ""
    resize: Annotated[str, SIDES] = ""
    fusion: Annotated[str, Matching(r"[a-z][a-z0-9_]*", "the name of a fusion")] = "concat"
    fusion_settings: Mapping[str, Value] = field(default_factory=dict)
    head_dropout: Annotated[float, Between(0.0, 0.95)] = 0.0

    def __post_init__(self) -> None:
        for name, kind in _KINDS.items():
            object.__setattr__(self, name, checked(name, kind, getattr(self, name)))
        for contradiction in _contradictions(self):
            raise ConfigError(contradiction)
        if self.has_fusion:
            check_settings(self.fusion, self.fusion_settings)

    @property
    def has_fusion(self) -> bool:
        """Whether image and metadata meet by a fusion of the catalogue, not by the hidden layer on the metadata."""
        return self.fusion != "concat" or bool(self.fusion_settings)

    @property
    def input_size(self) -> tuple[int, int] | None:
        """Height and width of the input in pixels; None for the embedding set's own."""
        return _sides(self.size)

    @property
    def resized_to(self) -> tuple[int, int] | None:
        """Height and width before the input is cut out, in pixels; None for the embedding set's own."""
        return _sides(self.resize)

    @property
    def milestone_epochs(self) -> tuple[int, ...]:
        """The epochs after which the learning rate falls."""
        return tuple(int(epoch) for epoch in self.milestones.split(",") if epoch)

    @property
    def facts(self) -> dict[str, str | int | float]:
        """One value per field; the fusion's settings as one text, ``layers=3,width=64``."""
        settings = ",".join(f"{name}={value}" for name, value in sorted(self.fusion_settings.items()))
        return {**vars(self), "fusion_settings": settings}

    @property
    def digest(self) -> str:
        """What tells tunings apart that give different weights."""
        return digest_json({"version": _VERSION, **self.facts})


_KINDS: dict[str, Any] = get_type_hints(TuningRecipe, include_extras=True)
del _KINDS["fusion_settings"]  # each fusion has its own


def _contradictions(recipe: TuningRecipe) -> Iterator[str]:
    """Yield what in a recipe contradicts itself, and what to do."""
    if recipe.patience and not recipe.inner_parts:
        message = f"patience={recipe.patience}: expected rows to watch, got inner_parts=0"
        yield f"{message}; set inner_parts (20 watches one row in 20) or patience=0"
    if recipe.mode == "joint" and recipe.mixup:
        message = (
            f"mixup={recipe.mixup:g}: images cannot be mixed in mode=joint, since metadata are not mixed"
        )
        yield f"{message}; set mixup=0, or choose mode=full"
    if recipe.mode != "joint" and recipe.has_fusion and recipe.fusion != EMBEDDING_NETWORK:
        message = (
            f"a fusion other than {EMBEDDING_NETWORK}: expected mode=joint, the only mode that sees metadata"
        )
        yield f"{message}, got mode={recipe.mode}; choose mode=joint"
    if recipe.has_fusion and recipe.head_dropout:
        message = "head_dropout: expected the linear head"
        yield f"{message}, got fusion={recipe.fusion}; set fusion.dropout instead"
    if (recipe.schedule == "steps") != bool(recipe.milestones):
        message = "milestones: expected epochs with schedule=steps and with no other"
        yield f"{message}, got schedule={recipe.schedule} and milestones={recipe.milestones or 'empty'}"
    if list(recipe.milestone_epochs) != sorted(set(recipe.milestone_epochs)):
        yield f"milestones: expected ascending epochs, such as 50,120,200, got {recipe.milestones}"
    sides, cut = recipe.resized_to, recipe.input_size
    if sides and cut and (sides[0] < cut[0] or sides[1] < cut[1]):
        yield f"size={recipe.size} cannot be cut out of resize={recipe.resize}; choose a greater resize"


def _sides(text: str) -> tuple[int, int] | None:
    height, _, width = text.partition("x")
    return (int(height), int(width)) if text else None


def read_field(name: str, text: str) -> str | int | float:
    """Return the value of a field as typed by a person.

    Raises
    ------
    ConfigError
        If there is no such field, or the text is no number where one is needed.
    """
    if name not in _KINDS:
        message = f"a tuning recipe has no field {name!r}{suggestion(name, _KINDS)}"
        raise ConfigError(
            f"{message}; it has {', '.join(_KINDS)}, and fusion.NAME for a setting of the fusion"
        )
    kind = get_args(_KINDS[name])[0]
    if kind not in {int, float}:
        return text.strip()
    try:
        return int(text) if kind is int else float(text)
    except ValueError as error:
        wanted = "a whole number" if kind is int else "a number"
        raise ConfigError(f"{name} of a tuning recipe: expected {wanted}, got {text!r}") from error
