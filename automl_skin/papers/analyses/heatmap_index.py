"""Where two models look, and how much of it lies on the lesion: figure 2 of Ahammed et al. 2025, and its test."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from automl_skin.arrays import BoolArray, FloatArray
from automl_skin.errors import ImageError
from automl_skin.explain.chain_score import has_gradient
from automl_skin.explain.heat_index import MIN_CASES, IndexTest, compare_indices, heat_index
from automl_skin.explain.plots.heat_grid import PER_BAND, HeatCase, HeatOfModel, heat_grid
from automl_skin.explain.plots.index_plot import index_plot
from automl_skin.explain.shown import find_mask, read_mask, shown
from automl_skin.papers.analyses.models import Cells, name_models, save_picture, say_why_absent
from automl_skin.papers.context import ReproduceContext, Section
from automl_skin.papers.markdown import format_table
from automl_skin.seeding import generator
from automl_skin.steps.explain_heat import DecodedCases, ExplainedModel, Heats, heats_of, read_photographs

_SIDE = 224
_KEEP = slice(0, PER_BAND)
NOTE = (
    "Grad-CAM of what speaks for {positive}, each case by the network that held it out; masks of the lesion. The paper "
    "takes the 600 masks of ISIC 2017's test set and reports p = 1.57e-3 for ENet-B2."
)


def heatmap_index(
    context: ReproduceContext,
    *,
    cells: Cells | None = None,
    cases: int = 200,
    masks: str = "masks",
    title: str = "HeatMap index",
    file: str = "heatmap-index",
) -> Section:
    """Return the HeatMap index of models on the same held-out cases, the test between the first two, and pictures.

    Parameters
    ----------
    cells
        See `name_models`; the first two are compared.
    cases : int
        At most so many, drawn by the seed.
    masks : str
        Folder of the lesion masks, absolute or beside the folder of the images.
    title, file : str
        Of the section, and name of the pictures.
    """
    names = name_models(context, cells)
    models = find_explained(context, names)
    known = {each.name for each in models}
    absent = [
        f"Not shown: {say_why_absent(context, *each)}." for each in names.items() if each[1] not in known
    ]
    folder = context.manifest.images_root.parent / masks
    drawn = _draw_cases(context, folder, cases)
    if not models or len(drawn) < MIN_CASES:
        why = f"{len(drawn)} development cases have a lesion mask in {folder.name}, and {len(models)} models have heat"
        return Section(title, "\n\n".join([f"Nothing to compare: {why}.", *absent]))
    photographs = read_photographs(context.study, drawn)
    classes = np.full(len(photographs.cases), len(context.classes) - 1, np.int64)
    heats = {each.name: heats_of(each, photographs, classes) for each in models}
    read = _read_masks(photographs, folder, next(iter(heats.values())))
    whole = np.flatnonzero([mask is not None for mask in read])
    stacked = np.stack([mask for mask in read if mask is not None])
    indices = {name: heat_index(each.heat[whole], stacked) for name, each in heats.items()}
    areas: FloatArray = stacked.mean(axis=(1, 2))
    test = _test(indices)
    pictures = (
        save_picture(context, file, index_plot(indices, areas, test)),
        save_picture(context, f"{file}-examples", _draw_examples(photographs, heats, read, whole)),
    )
    text = [_table(indices, areas), *_test_lines(indices, test), NOTE.format(positive=context.classes[-1])]
    return Section(title, "\n\n".join([*text, *absent]), pictures)


def find_explained(context: ReproduceContext, names: Mapping[str, str]) -> list[ExplainedModel]:
    """Return the cells whose heat can be shown."""
    results = {label: context.finished.get(name) for name, label in names.items()}
    return [
        ExplainedModel(label, context.study, each.record)
        for label, each in results.items()
        if each is not None and each.record is not None and has_gradient(each.record.plan.config)
    ]


def _draw_cases(context: ReproduceContext, folder: Path, limit: int) -> list[str]:
    """Return development cases whose first photograph has a mask, drawn by the seed."""
    images = context.manifest.images.dropna(subset="path").drop_duplicates("case").set_index("case")["path"]
    there = [case for case in context.material.cases.index if case in images.index]
    masked = [case for case in there if find_mask(folder, str(images[case])) is not None]
    drawn = generator(context.study.config.seed, "heatmap index").permutation(len(masked))[:limit]
    return [masked[position] for position in np.sort(drawn)]


def _read_masks(photographs: DecodedCases, folder: Path, heats: Heats) -> list[BoolArray | None]:
    """Return the mask of each photograph; None for one that cannot be read or is empty."""
    masks: list[BoolArray | None] = []
    for path in photographs.paths:
        name = find_mask(folder, path)
        try:
            masks.append(read_mask(folder, str(name), heats.recipe))
        except ImageError:
            masks.append(None)
    return masks


def _test(indices: Mapping[str, FloatArray]) -> IndexTest | None:
    first, *others = indices.values()
    if not others or (np.isfinite(first) & np.isfinite(others[0])).sum() < MIN_CASES:
        return None
    return compare_indices(first, others[0])


def _table(indices: Mapping[str, FloatArray], areas: FloatArray) -> str:
    rows = [["heat that is everywhere the same", str(len(areas)), f"{areas.mean():.3f}"]]
    for name, values in indices.items():
        known = values[np.isfinite(values)]
        rows.append([name, str(len(known)), f"{known.mean():.3f}" if len(known) else "-"])
    return format_table(["model", "cases with heat", "mean HeatMap index"], rows)


def _test_lines(indices: Mapping[str, FloatArray], test: IndexTest | None) -> list[str]:
    if test is None:
        return []
    first, second = list(indices)[:2]
    line = (
        f"{second} less {first}: {test.difference:+.3f} ({test.low:+.3f} to {test.high:+.3f}) on {test.n_cases} "
        f"cases with heat in both; paired t-test p = {test.t_test:.2g}, signed ranks p = {test.wilcoxon:.2g}."
    )
    return [line]


def _draw_examples(
    photographs: DecodedCases, heats: Mapping[str, Heats], masks: list[BoolArray | None], whole: Any
) -> bytes:
    """Draw the first cases."""
    recipe = next(iter(heats.values())).recipe
    cases = [
        HeatCase(
            photographs.cases[row],
            "",
            shown(recipe, photographs.pixels[row], _SIDE),
            tuple(HeatOfModel(each.heat[row], f"{each.probabilities[row]:.2f}") for each in heats.values()),
            masks[row],
        )
        for row in whole[_KEEP]
    ]
    return heat_grid(cases, list(heats))
