"""The committed studies of Yap et al. and Levine et al.: every cell can be run, every figure names cells there are."""

from pathlib import Path

import pytest

from automl_skin.backbones.catalogue import resolve_backbone
from automl_skin.papers.analyses.catalogue import check_call
from automl_skin.papers.cells import proposal_of
from automl_skin.papers.planned import PlannedCell, tuning_of, uses_image
from automl_skin.papers.preparations import PREPARATIONS
from automl_skin.papers.reading import read_study_file
from automl_skin.search.space import SpaceOptions
from automl_skin.study.config import parse_settings

STUDIES = Path(__file__).parents[2] / "studies"
NAMES = ("yap_2018", "levine_2025")
ROLES = dict.fromkeys(("pairs", "pairs-shared", "pairs-joint"), ("close-up", "dermoscopic"))


def study_of(name):
    return read_study_file(STUDIES / name / "study.toml")


@pytest.mark.parametrize("name", NAMES)
def test_every_cell_is_a_chain_of_the_search_space(name):
    file, network = study_of(name), resolve_backbone("test_resnet.random")
    for variant in file.variants:
        roles = ROLES.get(variant.name, ())
        towers = variant.settings.get("towers", "shared") != "shared"
        options = SpaceOptions(("net",), ("plain",), roles=roles, towers=towers)
        for cell in file.cells_of(variant.name):
            tuning = tuning_of(cell, {}) if uses_image(cell) else None
            planned = PlannedCell(cell, network if uses_image(cell) else None, tuning)
            assert proposal_of(planned, options, "plain").plan.name == cell.name


@pytest.mark.parametrize("name", NAMES)
def test_variants_have_settings_and_preparations_that_there_are(name):
    file = study_of(name)
    for variant in file.variants:
        assert parse_settings({**file.settings, **variant.settings}, name).locked_share == 0.2
        assert variant.preparation in {"", *PREPARATIONS}


@pytest.mark.parametrize("name", NAMES)
def test_every_figure_names_cells_of_its_variant(name):
    file = study_of(name)
    for call in file.analyses:
        check_call(call)
        for variant in call.variants:
            cells = {cell.name for cell in file.cells_of(variant)}
            shown = call.options.get("cells", [])
            named = [
                *shown,
                *(name for names in call.options.get("sizes", {}).values() for name in names),
            ]
            assert set(named) <= cells
            labels = set(shown.values() if isinstance(shown, dict) else shown)
            if call.name in {"roc", "precision_recall", "box_plot"}:
                assert set(call.options.get("published", {})) <= labels


def test_the_real_pairs_have_the_classes_of_the_paper():
    variants = {each.name: each for each in study_of("yap_2018").variants}
    for name in ROLES:
        classes = variants[name].options["classes"]
        assert set(classes) == {"nevus", "melanoma", "bcc", "scc", "bkl"}
        named = [value for values in classes.values() for value in values]
        assert len(named) == len(set(named))
        assert {"MEL", "NV", "BCC", "SCCKA", "AKIEC", "BKL"} <= set(named)  # of MILK10k
        assert {"clark nevus", "melanoma (in situ)", "basal cell carcinoma"} <= set(named)  # of derm7pt


def test_yap_has_every_subset_of_the_inputs_with_and_without_the_embedding_network():
    names = {cell.name for cell in study_of("yap_2018").cells}
    inputs = ("macro", "macro + meta", "dsc", "dsc + meta", "dsc + macro", "dsc + macro + meta")
    for prefix in ("", "ResNet-50, "):
        assert {
            f"{prefix}{each}, {kind}" for each in inputs for kind in ("embedding", "no embedding")
        } <= names
    assert {"forest", "metadata, embedding"} <= names
