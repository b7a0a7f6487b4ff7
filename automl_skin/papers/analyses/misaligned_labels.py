"""What good probabilities are worth beside the labels of other images: an AUC of 0.5, whatever the network learnt.

Labels and images fall out of step where a loader shuffles the images and the labels are read in another order. The
sign of it in a confusion matrix is that benign and malignant images are called malignant equally often. Then

    n_benign = false positives / (true positives / n_malignant),

so that matrices of several networks on one test set all imply the same number of benign images, which they would not do
by chance had the decisions anything to do with the labels.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from automl_skin.evaluation.plots.fold_curves import Parts
from automl_skin.metrics.ranking import macro_auc
from automl_skin.papers.analyses.models import check_options, chosen_models
from automl_skin.papers.context import ReproduceContext, Section
from automl_skin.seeding import generator

OPTIONS = ("cells", "locked", "repeats", "found", "title")
REPEATS = 20


def misaligned_labels(context: ReproduceContext, options: Mapping[str, Any]) -> Section:
    """Show the AUC of a variant's cells beside that with the labels in another order.

    Parameters
    ----------
    context : ReproduceContext
    options : mapping
        ``cells``, ``locked``: see `chosen_models`; ``repeats``: orders that are drawn (20); ``found``: published
        confusion matrices as (true positives, false negatives, false positives, where); ``title``.
    """
    check_options("misaligned_labels", options, OPTIONS)
    chosen = chosen_models(context, options)
    repeats = int(options.get("repeats", REPEATS))
    rng = generator(context.study.config.seed, "labels in another order")
    lines = ["| model | AUC | AUC with labels in another order |", "|---|---|---|"]
    for name, parts in chosen.parts.items():
        aligned = [macro_auc(*part) for part in parts]
        shuffled = shuffled_aucs(parts, repeats, rng)
        lines.append(f"| {name} | {_in_words(aligned)} | {_in_words(shuffled)} |")
    text = [chosen.note, "\n".join(lines)] if chosen.parts else [chosen.note]
    if options.get("found"):
        text.append(implied_table(options["found"]))
    return Section(str(options.get("title", "Labels of other images")), "\n\n".join(text))


def shuffled_aucs(parts: Parts, repeats: int, rng: np.random.Generator) -> list[float]:
    """Return the AUC of every part beside its own labels in `repeats` random orders."""
    return [macro_auc(rng.permutation(labels), values) for labels, values in parts for _ in range(repeats)]


def implied_table(found: Sequence[Sequence[Any]]) -> str:
    """Return what published confusion matrices imply if their labels were those of other images, as Markdown.

    Examples
    --------
    >>> print(implied_table([[50, 50, 400, "figure 1"]]))
    Published confusion matrices, and the benign images that they imply if the labels were those of other images:
    <BLANKLINE>
    | matrix | malignant images called malignant | benign images called so | implied benign images |
    |---|---|---|---|
    | figure 1 | 50 of 100 (0.500) | 400 | 800 |
    """
    lines = [
        "Published confusion matrices, and the benign images that they imply if the labels were those of other images:",
        "",
        "| matrix | malignant images called malignant | benign images called so | implied benign images |",
        "|---|---|---|---|",
    ]
    for true_positives, false_negatives, false_positives, where in found:
        n_malignant = true_positives + false_negatives
        share = true_positives / n_malignant
        lines.append(
            f"| {where} | {true_positives:,} of {n_malignant:,} ({share:.3f}) | {false_positives:,} | "
            f"{false_positives / share:,.0f} |"
        )
    return "\n".join(lines)


def _in_words(values: Sequence[float]) -> str:
    return f"{np.mean(values):.3f} ± {np.std(values, ddof=1):.3f}"
