"""Photographs above the heat of one or two models, for print."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from textwrap import fill

import cv2
import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from automl_skin.arrays import BoolArray, Float32Array, FloatArray, Pixels
from automl_skin.evaluation.plots.style import INK, MUTED, SMALL, new_figure, to_png
from automl_skin.explain.shown import enlarge

PER_BAND = 6
"""Cases side by side."""

MASK, HALF = "#56B4E9", "#FFFFFF"
_HEAT = colormaps["inferno"]
_STRONGEST = 0.75  # opacity of the greatest heat
_CELL, _WORDS = 1.45, 0.2  # inches: a photograph's width, the lines below it
_BESIDE, _BELOW = 1.1, 0.5
_NAME_WIDTH = 16  # letters of a model's name in a line


@dataclass(frozen=True)
class HeatOfModel:
    """What one model sees in a case.

    Parameters
    ----------
    heat : ndarray of shape (map height, map width)
    note : str
        Written below the picture.
    """

    heat: Float32Array
    note: str = ""


@dataclass(frozen=True)
class HeatCase:
    """One column of the figure.

    Parameters
    ----------
    title, note : str
        Above and below the photograph.
    photograph : ndarray of shape (height, width, 3)
        RGB, uint8, as it is printed.
    models : tuple of HeatOfModel
        In the order of the models.
    mask : ndarray of shape (any height, any width), optional
        Whether a part of the picture is lesion.
    """

    title: str
    note: str
    photograph: Pixels
    models: tuple[HeatOfModel, ...] = field(default_factory=tuple)
    mask: BoolArray | None = None


def heat_grid(cases: Sequence[HeatCase], models: Sequence[str]) -> bytes:
    """Draw cases from left to right, the photograph above one row per model, as PNG.

    Parameters
    ----------
    models : sequence of str
        Names of the models.
    """
    n_columns = min(PER_BAND, len(cases))
    bands = [cases[start : start + n_columns] for start in range(0, len(cases), n_columns)]
    n_rows = len(bands) * (1 + len(models))
    ratio = float(np.mean([case.photograph.shape[0] / case.photograph.shape[1] for case in cases]))
    figure = new_figure(_BESIDE + _CELL * n_columns, _BELOW + n_rows * (_CELL * ratio + _WORDS))
    figure.set_layout_engine("constrained", w_pad=0.02, h_pad=0.02, wspace=0.02, hspace=0.02)
    axes = figure.subplots(n_rows, n_columns, squeeze=False)
    for at, band in enumerate(bands):
        rows = axes[at * (1 + len(models)) : (at + 1) * (1 + len(models))]
        _draw_band(rows, band, models)
    _explain_colours(figure, axes, masks=any(case.mask is not None for case in cases))
    return to_png(figure, dpi=220)


def _draw_band(
    axes: "np.ndarray[tuple[int, int], np.dtype[np.object_]]", band: Sequence[HeatCase], models: Sequence[str]
) -> None:
    for row, name in enumerate(("photograph", *models)):
        for each in axes[row]:
            _empty(each)
        axes[row, 0].set_ylabel(fill(name, _NAME_WIDTH), fontsize=SMALL, color=INK)
    for column, case in enumerate(band):
        _draw_photograph(axes[0, column], case)
        for row, model in enumerate(case.models, 1):
            _draw_heat(axes[row, column], case, model)


def _empty(axes: Axes) -> None:
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)


def _draw_photograph(axes: Axes, case: HeatCase) -> None:
    axes.imshow(case.photograph)
    _contour(axes, case)
    axes.set_title(case.title, fontsize=SMALL, color=INK, pad=2)
    axes.set_xlabel(case.note, fontsize=SMALL - 1, color=MUTED, labelpad=1.5)


def _draw_heat(axes: Axes, case: HeatCase, model: HeatOfModel) -> None:
    height, width = case.photograph.shape[:2]
    heat = enlarge(model.heat, height, width)
    share = heat / max(float(heat.max()), 1e-12)
    axes.imshow(overlay(case.photograph, share))
    if heat.max() > 0:
        axes.contour(share, levels=[0.5], colors=HALF, linewidths=0.7, linestyles="dashed")
    _contour(axes, case)
    axes.set_xlabel(model.note, fontsize=SMALL - 1, color=MUTED, labelpad=1.5)


def overlay(photograph: Pixels, share: Float32Array) -> FloatArray:
    """Return a photograph without its colours under heat.

    Parameters
    ----------
    photograph : ndarray of shape (height, width, 3)
    share : ndarray of shape (height, width)
        Of the greatest heat, in [0, 1]; the more of it, the less is seen of the photograph.

    Returns
    -------
    ndarray of shape (height, width, 3)
        RGB in [0, 1].
    """
    grey = cv2.cvtColor(photograph, cv2.COLOR_RGB2GRAY)[..., None] / 255.0
    opacity = (_STRONGEST * share)[..., None]
    return np.asarray((1 - opacity) * grey + opacity * _HEAT(share)[..., :3], dtype=np.float64)


def _contour(axes: Axes, case: HeatCase) -> None:
    if case.mask is None:
        return
    height, width = case.photograph.shape[:2]
    mask = enlarge(case.mask.astype(np.float32), height, width)
    axes.contour(mask, levels=[0.5], colors=MASK, linewidths=1.0)


def _explain_colours(
    figure: Figure, axes: "np.ndarray[tuple[int, int], np.dtype[np.object_]]", *, masks: bool
) -> None:
    handles = [Line2D([], [], color=MASK, linewidth=1.6, label="lesion, by its mask")] if masks else []
    handles.append(
        Line2D([], [], color=MUTED, linewidth=1.2, linestyle="dashed", label="half of the greatest heat")
    )
    figure.legend(handles=handles, loc="outside lower left", ncols=2, fontsize=SMALL, frameon=False)
    bar = figure.colorbar(
        ScalarMappable(Normalize(0, 1), _HEAT),
        ax=axes[:, -1],
        orientation="vertical",
        shrink=0.6,
        aspect=30,
        pad=0.02,
        ticks=[0, 0.5, 1],
    )
    bar.set_label("heat, share of the picture's greatest", fontsize=SMALL, color=INK)
    bar.ax.tick_params(labelsize=SMALL, colors=INK, length=2)
    bar.outline.set_visible(False)
