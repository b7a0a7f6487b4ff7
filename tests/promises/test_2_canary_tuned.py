"""Promise 2 with tuning: with labels permuted between groups, networks that learn by heart find nothing.

The product's own steps run on drawn pictures, from the plan to the opening of the locked test: real networks are tuned
on the study's folds until they know every training case by heart (a loss near 0), their embeddings and logits reach the
chains in all four ways, chains are calibrated and stacked. What is asserted, over several permutations:

- the locked AUC of the stack is 0.5 within three standard errors; so are that of the best trial and of a stack of
  each way's trials, and the out-of-fold AUC of each way's trials, where "three" is Student's equivalent for so few
  permutations, since there are a dozen of these figures;
- the same test fails where it should: one network that was tuned on all folds and is taken for the networks without
  each fold gives an out-of-fold AUC far above 0.5 in every way. To get there the check of provenance
  must be taken out; with it the search is refused.

The locked cases tune nothing, so only the out-of-fold figures can show that leak.
"""

from dataclasses import dataclass, replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm, t

from automl_skin.backbones.tuning.recipe import TuningRecipe
from automl_skin.chains import fitting
from automl_skin.chains.config import WAYS
from automl_skin.data.record import read_labels
from automl_skin.embeddings.tuned_folder import read_curve
from automl_skin.errors import LeakageError
from automl_skin.metrics.ranking import macro_auc
from automl_skin.search.known import list_tuned_trials
from automl_skin.search.material import Material
from automl_skin.search.tuning_steps import TuningStep
from automl_skin.settings import Workspace
from automl_skin.stacking.fitted import needed_chains
from automl_skin.stacking.stack import fit_stack
from automl_skin.steps.embed import embed, embed_tuned
from automl_skin.steps.events import silent
from automl_skin.steps.locked import open_locked
from automl_skin.steps.networks import frozen_networks
from automl_skin.steps.prepare import prepare, read_prepared
from automl_skin.steps.stack import build_stack, fit_chains, load_stack, out_of_fold
from automl_skin.steps.trials import Phase, first_phase, run_trials
from automl_skin.steps.tune import tune_network
from automl_skin.study.study import open_study
from automl_skin.synthetic.study import generate

pytestmark = pytest.mark.slow

PERMUTATIONS = 10
LEAKS = 3
STUDENTS_THREE = float(t.ppf(norm.cdf(3.0), PERMUTATIONS - 1))
FOLDS = 3
HELD_OUT = [(0,), (1,), (2,), (0, 1), (1, 2), (0, 2)]
BY_HEART = TuningRecipe(
    epochs=16,
    batch_size=40,
    learning_rate=0.01,
    warm_up=0.0,
    weight_decay=0.0,
    inner_parts=0,
    augmentation="none",
)
"""A tuning without all that keeps a network from learning single cases by heart."""

SETTINGS = {
    "target": "diagnosis",
    "positive": ["melanoma", "carcinoma"],
    "backbone": ["test_resnet"],
    "weights": "random",
    "size": "32x32",
    "family": ["logistic"],
    "fusion": ["image", "concat"],
    "way": list(WAYS),
    "folds": FOLDS,
    "locked_share": 0.4,
    "jobs": 1,
    "device": "cpu",
}


@dataclass(frozen=True)
class Measured:
    """AUCs of one study: out of fold the mean of each way's trials, and on the locked cases."""

    out_of_fold: dict[str, float]
    locked: dict[str, float]
    loss: float


@pytest.fixture(scope="module")
def permuted(tmp_path_factory):
    """Begin a study on the same pictures with the diagnoses dealt to the patients anew.

    Two pictures a patient: where groups differ in size, a chance link of pictures and sizes is in all folds alike.
    """
    folder = tmp_path_factory.mktemp("permuted")
    made = generate(folder / "data", n_lesions=260, seed=0)
    pictures = pd.read_csv(made.table, dtype="str", keep_default_na=False)
    pictures = pictures.groupby("patient_id").head(2)
    pictures = pictures[pictures["patient_id"].map(pictures["patient_id"].value_counts()) == 2]
    workspace = Workspace.at(folder / "workspace", folder / "cache")

    def begin(seed, kind):
        of_patient = pictures.groupby("patient_id")["diagnosis"].first()
        dealt = pd.Series(np.random.default_rng(seed).permutation(of_patient), index=of_patient.index)
        path = folder / f"permuted-{seed}.csv"
        pictures.assign(diagnosis=pictures["patient_id"].map(dealt)).to_csv(path, index=False)
        flags = {**SETTINGS, "data": str(path), "images": str(made.images)}
        study = open_study(workspace, f"{kind}-{seed}", flags)
        prepare(study, silent)
        prepared = read_prepared(study)
        embed(prepared, silent)
        return study, prepared

    return begin


def tuned(prepared, held_out):
    (each,) = frozen_networks(prepared.study.config)
    step = TuningStep(each.id, SimpleNamespace(name="full", recipe=BY_HEART))
    return tune_network(prepared, step, held_out, silent)


def honest(prepared):
    """Return the networks of all ways, none of which saw what it held out."""
    return tuned(prepared, HELD_OUT)


def one_for_all(prepared):
    """The mistake of tuning one network on all development cases and taking it for those without each fold."""
    (network,) = tuned(prepared, [()])
    return [replace(network, id=network.id.without(held_out)) for held_out in HELD_OUT]


def search(study):
    """Run the fixed trials, frozen ones and tuned ones in every way."""
    material = Material.read(study.material)
    first = first_phase(study, material)
    first = replace(first, fixed=first.fixed[:3])
    (each,) = frozen_networks(study.config)
    sets = (replace(each.id, tuning="full"),)
    options = replace(first.options, tuned=sets, ways=study.config.way)
    then = Phase(len(first.fixed), tuple(list_tuned_trials(options)), options)
    records = run_trials(study, material, phases=[first, then], until=then.begins_at + len(then.fixed))
    assert {record.state for record in records} == {"finished"}
    return records, material


def of_way(records, way):
    return [record for record in records if record.plan.config.way == way]


def means_of_ways(records):
    """Return the out-of-fold AUC of each way's trials, and of the frozen network's with an image."""
    named = {"frozen": "", **{way: way for way in WAYS}}
    of_each = {
        name: [each for each in of_way(records, way) if each.plan.config.uses_image]
        for name, way in named.items()
    }
    return {name: float(np.mean([each.aucs for each in some])) for name, some in of_each.items()}


def locked_aucs(study, records, material):
    """Return the locked AUC of a stack of each way's trials, of the stack of all and of what it is compared with."""
    open_locked(study, records, build_stack(study, records, material), material)
    locked = Material.read(study.locked_material)
    labels = read_labels(study.locked / "labels.parquet").loc[locked.cases.index, "label"].to_numpy()
    table = pd.read_parquet(study.locked_predictions)
    aucs = {
        name: macro_auc(labels, table[[f"{name}: 0", f"{name}: 1"]].to_numpy())
        for name in ("stack", "best trial")
    }
    for way in WAYS:
        stack, _, _ = fit_stack(out_of_fold(study, of_way(records, way), material))
        fit_chains(study, records, needed_chains(stack))
        aucs[way] = macro_auc(labels, load_stack(study, stack, material).predict(locked.inputs))
    return aucs


def summary(measured):
    """Return mean and standard error of figures by name, and the same in words."""
    table = pd.DataFrame(measured)
    figures = {
        name: (float(table[name].mean()), float(table[name].std() / np.sqrt(len(table)))) for name in table
    }
    words = ", ".join(f"{name} {mean:.3f} +- {error:.3f}" for name, (mean, error) in figures.items())
    return figures, words


@pytest.fixture(scope="module")
def honestly(permuted, tuning_here):
    """Search permuted studies as the product does."""
    measured = []
    with tuning_here():
        for seed in range(PERMUTATIONS):
            study, prepared = permuted(seed, "honest")
            sets = honest(prepared)
            embed_tuned(prepared, sets, silent)
            records, material = search(study)
            loss = max(read_curve(each.backbone.folder)[-1].loss for each in sets)
            measured.append(Measured(means_of_ways(records), locked_aucs(study, records, material), loss))
    return measured


def test_the_networks_know_their_cases_by_heart(honestly):
    assert max(each.loss for each in honestly) < 0.3


@pytest.mark.parametrize("part", ["out_of_fold", "locked"])
def test_nothing_is_found(honestly, part):
    figures, words = summary([getattr(each, part) for each in honestly])
    print(f"{part}, {PERMUTATIONS} permutations: {words}")
    for name, (mean, error) in figures.items():
        limit = 3.0 if name == "stack" else STUDENTS_THREE
        assert abs(mean - 0.5) < limit * error, f"{name}: {words}"
        assert error < 0.06, f"too few permutations to tell: {words}"


def test_the_canary_sings_where_networks_saw_the_fold(permuted, tuning_here, monkeypatch):
    measured = []
    for seed in range(LEAKS):
        study, prepared = permuted(seed, "leaking")
        with tuning_here():
            embed_tuned(prepared, one_for_all(prepared), silent)
        with pytest.raises(LeakageError, match="expected weights that were tuned without it"):
            search(study)
        assert not of_way(study.journal.read(), "within")
        with monkeypatch.context() as patch:
            patch.setattr(fitting, "check_networks", lambda *_: None)
            measured.append(means_of_ways(search(study)[0]))
    figures, words = summary(measured)
    print(f"out of fold with the leak, {LEAKS} permutations: {words}")
    for way in WAYS:
        mean, error = figures[way]
        assert mean > max(0.5 + 3 * error, 0.7), f"{way}: {words}"
