"""Maps of a study's embeddings, coloured by label, fold, source and how right the best trial is."""

from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd

from automl_skin.arrays import BoolArray, FloatArray, IntArray
from automl_skin.explain.clusters import cluster_indices
from automl_skin.explain.maps import lay_out
from automl_skin.explain.plots.map_plot import categories_map, numbers_map
from automl_skin.files import write_bytes, write_text
from automl_skin.search.material import Material
from automl_skin.search.trial import TrialRecord
from automl_skin.seeding import derive_seed, generator
from automl_skin.steps.events import Listener, start_progress
from automl_skin.steps.explain_options import MapOptions
from automl_skin.study.study import Study
from automl_skin.study.understood import read_understood, target_of

TUNED = "tuned the network"


def explain_embeddings(
    study: Study, record: TrialRecord, options: MapOptions, folder: Path, tell: Listener
) -> list[str]:
    """Write the maps of the first network that a trial applies, and how far its classes lie apart.

    A tuned network is the one without fold 0. Cases that tuned it are grey, except by fold: it has
    memorised these.

    Parameters
    ----------
    record : TrialRecord
        With an image; its out-of-fold probabilities are the last colouring.
    tell : Listener
        Makes progress callables.

    Returns
    -------
    list of str
        The cluster indices in words.
    """
    material = Material.read(study.material)
    name = record.plan.config.image_names(0, material.n_folds)[0]
    rows = _draw(material, name, options.n_points, study.config.seed)
    progress = start_progress(tell, f"Map of {name}")
    seed = derive_seed(study.config.seed, "explain", "map", name)
    embeddings = np.asarray(material.inputs.embeddings[name][rows])
    points = lay_out(embeddings, seed, options.by)
    progress(1, 2)
    held = ~np.isin(material.folds[rows], _folds_that_tuned(material, name))
    probabilities = study.journal.predictions(record.plan.number).calibrated[rows]
    table = _facts(study, material, rows).assign(
        x=points[:, 0],
        y=points[:, 1],
        held_out=held,
        probability=probabilities[np.arange(len(rows)), material.labels[rows]],
    )
    write_text(folder / "map.csv", table.to_csv())
    for colouring, png in _pictures(table, points, held, name).items():
        write_bytes(folder / f"map_{colouring}.png", png)
    progress(2, 2)
    layers: dict[str, FloatArray] = {
        "features": embeddings[held].astype(np.float64),
        "map": points[held],
        "prediction": probabilities[held],
    }
    return _clusters(layers, material.labels[rows][held], folder)


def _draw(material: Material, name: str, count: int, seed: int) -> IntArray:
    """Return positions of random cases that the network was applied to, ascending."""
    known = np.isfinite(material.inputs.embeddings[name]).all(axis=1) & material.inputs.has_image
    possible = np.flatnonzero(known)
    order = generator(seed, "explain", "map", "cases").permutation(len(possible))[:count]
    return np.sort(possible[order])


def _folds_that_tuned(material: Material, name: str) -> list[int]:
    tuned_on = material.inputs.tuned_on.get(name)
    held_out = range(material.n_folds) if tuned_on is None else tuned_on.held_out_folds
    return [fold for fold in range(material.n_folds) if fold not in held_out]


def _facts(study: Study, material: Material, rows: IntArray) -> pd.DataFrame:
    """Return label, diagnosis, fold and source of some cases."""
    manifest = read_understood(study)
    cases = material.cases.iloc[rows]
    source = manifest.cases.loc[cases.index, "source"].astype("str")
    return pd.DataFrame(
        {
            "label": [target_of(manifest).classes[label] for label in cases["target"]],
            "diagnosis": cases["diagnosis"],
            "fold": cases["fold"],
            "source": source.where(source.notna() & (source != "") & (source != "nan"), ""),
        },
        index=cases.index,
    )


def _pictures(table: pd.DataFrame, points: FloatArray, held: BoolArray, name: str) -> dict[str, bytes]:
    """Return the maps as PNG by what colours them; those of one value alone are left out."""
    clear = None if held.all() else held
    pictures = {}
    for column in ("label", "diagnosis", "source"):
        is_label = column == "diagnosis" and table["label"].equals(table[column])
        if len(set(table[column])) > 1 and not is_label:
            values = [str(value) or "none" for value in table[column]]
            pictures[column] = categories_map(
                points, values, f"{name}, by {column}", clear=clear, unclear=TUNED
            )
    folds = [f"fold {fold}" for fold in table["fold"]]
    pictures["fold"] = categories_map(points, folds, f"{name}, by fold", ranked=False)
    pictures["error"] = numbers_map(
        points,
        1.0 - table["probability"].to_numpy(np.float64),
        f"{name}, by error",
        "1 - probability of the true class, out of fold",
        clear=clear,
        unclear=TUNED,
    )
    return pictures


def _clusters(layers: dict[str, FloatArray], labels: IntArray, folder: Path) -> list[str]:
    """Write how far the classes lie apart in some layers, and say it."""
    if not 2 <= len(np.unique(labels)) < len(labels):
        return []
    found = {layer: cluster_indices(rows, labels) for layer, rows in layers.items()}
    facts = [
        {**{f"intra_{label}": value for label, value in each.intra.items()}, **asdict(each)}
        for each in found.values()
    ]
    table = pd.DataFrame(facts, index=pd.Index(list(found), name="layer")).drop(columns="intra")
    write_text(folder / "clusters.csv", table.round(6).to_csv())
    return [
        f"Classes in the {layer}: silhouette {each.silhouette:.3f}, Davies-Bouldin {each.davies_bouldin:.2f}, "
        f"Calinski-Harabasz {each.calinski_harabasz:.1f}"
        for layer, each in found.items()
    ]
