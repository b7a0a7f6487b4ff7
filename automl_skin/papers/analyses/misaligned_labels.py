"""What good probabilities are worth beside the labels of other images: an AUC of 0.5, whatever the network learnt.

Labels and images fall out of step where a loader shuffles the images and the labels are read in another order. The
sign of it in a confusion matrix is that benign and malignant images are called malignant equally often. Then

    n_benign = false positives / (true positives / n_malignant),

so that matrices of several networks on one test set all imply the same number of benign images, which they would not do
by chance had the decisions anything to do with the labels.
"""

from collections.abc import Sequence

import numpy as np

from automl_skin.metrics.ranking import macro_auc
from automl_skin.papers.analyses.models import Cells, Parts, choose_models
from automl_skin.papers.context import ReproduceContext, Section
from automl_skin.papers.markdown import format_spread, format_table
from automl_skin.seeding import generator

IMPLIED = (
    "Published confusion matrices, and the benign images they imply if the labels were those of other images:"
)


def misaligned_labels(
    context: ReproduceContext,
    *,
    cells: Cells | None = None,
    locked: bool = False,
    repeats: int = 20,
    found: Sequence[tuple[int, int, int, str]] = (),
    title: str = "Labels of other images",
) -> Section:
    """Show the AUC of a variant's cells beside that with the labels in another order.

    Parameters
    ----------
    cells, locked
        See `choose_models`.
    repeats : int
        Orders that are drawn.
    found : sequence of (int, int, int, str)
        Published confusion matrices: true positives, false negatives, false positives, and where they stand.
    """
    chosen = choose_models(context, cells, locked=locked)
    rng = generator(context.study.config.seed, "labels in another order")
    rows = [
        [
            name,
            format_spread([macro_auc(*part) for part in parts]),
            format_spread(shuffled_aucs(parts, repeats, rng)),
        ]
        for name, parts in chosen.parts.items()
    ]
    table = format_table(["model", "AUC", "AUC with labels in another order"], rows)
    text = [chosen.note, *([table] if rows else []), *([IMPLIED, implied_table(found)] if found else [])]
    return Section(title, "\n\n".join(text))


def shuffled_aucs(parts: Parts, repeats: int, rng: np.random.Generator) -> list[float]:
    """Return the AUC of every part beside its own labels in `repeats` random orders."""
    return [macro_auc(rng.permutation(labels), values) for labels, values in parts for _ in range(repeats)]


def implied_table(found: Sequence[tuple[int, int, int, str]]) -> str:
    """Return what published confusion matrices imply if their labels were those of other images, as Markdown.

    Examples
    --------
    >>> print(implied_table([(50, 50, 400, "figure 1")]))
    | matrix | malignant images called malignant | benign images called so | implied benign images |
    | --- | --- | --- | --- |
    | figure 1 | 50 of 100 (0.500) | 400 | 800 |
    """
    rows = []
    for true_positives, false_negatives, false_positives, where in found:
        n_malignant = true_positives + false_negatives
        share = true_positives / n_malignant
        called = f"{true_positives:,} of {n_malignant:,} ({share:.3f})"
        rows.append([where, called, f"{false_positives:,}", f"{false_positives / share:,.0f}"])
    heads = (
        "matrix",
        "malignant images called malignant",
        "benign images called so",
        "implied benign images",
    )
    return format_table(heads, rows)
