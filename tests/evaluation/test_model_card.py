from dataclasses import fields, is_dataclass, replace

import numpy as np
import pandas as pd
import pytest
from huggingface_hub import ModelCard
from jinja2 import StrictUndefined, Template

from automl_skin.evaluation.figures import locked_figures
from automl_skin.evaluation.model_card import (
    TEMPLATE,
    CardData,
    CardFacts,
    CardMember,
    CardPlan,
    CardRole,
    CardSearch,
    CardTuning,
    CardWeights,
    clean,
    render_model_card,
)
from automl_skin.evaluation.operating_point import OperatingPoint
from automl_skin.evaluation.record import in_words, listed
from automl_skin.evaluation.shifts import ShiftedModel, ShiftFigures
from automl_skin.evaluation.sources import LeftOutSource, SourceFigures
from automl_skin.evaluation.subgroups import Subgroup
from automl_skin.metrics.intervals import Interval
from automl_skin.metrics.selection import CorrectedBest


def measured_figures(times_opened=1):
    rng = np.random.default_rng(0)
    labels = (rng.random(200) < 0.15).astype(int)
    cases = pd.DataFrame({"target": labels, "group": np.arange(200), "lesion": np.arange(200)})
    models = {}
    for name, strength in (("stack", 2.0), ("best trial", 2.0), ("image alone", 2.0)):
        p = 1 / (1 + np.exp(-(strength * labels + rng.normal(-2, 1, 200))))
        models[name] = np.column_stack([1 - p, p])
    return locked_figures(cases, models, np.array([0.85, 0.15]), times_opened, 0)


@pytest.fixture
def facts():
    return CardFacts(
        study="ham",
        version="0.1.0",
        created="2026-01-01T00:00:00+00:00",
        target="dx",
        classes=("negative", "positive"),
        positive=("mel", "bcc"),
        data=CardData(
            1000,
            1100,
            800,
            200,
            {"negative": 850, "positive": 150},
            ("rosendahl",),
            {"age": 0.057},
            {"dx_type": "leak"},
        ),
        plan=CardPlan("d1gest", 5),
        search=CardSearch(200, "greedy", CorrectedBest(3, 0.91, 0.9, Interval(0.9, 0.88, 0.92), 0.01), 16),
        members=(CardMember(17, "mobilenetv2 concat mlp", 0.25), CardMember(4, "resnet late lightgbm", 0.75)),
        weights=(
            CardWeights("mobilenetv2_100.onnxzoo", "apache-2.0", "0123456789abcdef0123"),
            CardWeights("own", ""),
        ),
        figures=measured_figures(),
        operating_point=OperatingPoint(0.95, 0.08, 0.948, 0.93, 0.962, 0.71),
        subgroups=(
            Subgroup(
                "sex",
                "male",
                500,
                (400, 100),
                Interval(0.8, 0.75, 0.85),
                expected_auc=0.9,
                p_value=0.01,
                share=Interval(0.2, 0.17, 0.24),
                mean_probability=0.25,
                sensitivity=Interval(0.9, 0.83, 0.95, enough=False),
            ),
            Subgroup("site", "a|b<script>", 9, (8, 1), None, "1 positive; 10 are needed"),
        ),
    )


@pytest.fixture
def full(facts):
    """Facts of a study that has everything."""
    models = {
        "stack": ShiftedModel(0.91, {"colour_cast": 0.79, "blur": 0.89}),
        "best trial": ShiftedModel(0.9, {"colour_cast": 0.6, "blur": 0.8}),
    }
    vienna = LeftOutSource(300, 700, {"frozen": Interval(0.8, 0.75, 0.85)})
    tuning = CardTuning("net plain full", 3, {"learning_rate": "0.1", "epochs": "2"}, ("within", "logits"))
    roles = (CardRole("close-up", 5, 0.1, (4, 7), (7,)), CardRole("dermoscopic", 6, 0.1, (4, 7), (7,)))
    return replace(
        facts,
        plan=CardPlan("d1gest", 5, "the published split", 0.675),
        shifts=ShiftFigures(100, 800, ("colour_cast", "blur"), models),
        sources=SourceFigures({"frozen": "013 net plain"}, {"Vienna": vienna}, {"Rome": "8 cases"}),
        tunings=(tuning,),
        roles=roles,
    )


@pytest.fixture
def bare(facts):
    """Facts of a study of which little is known."""
    return replace(
        facts,
        classes=("a", "b", "c"),
        positive=(),
        figures=None,
        operating_point=None,
        subgroups=(),
        weights=(),
        search=CardSearch(3, "average"),
        data=CardData(10, 10, 10, 0, {"a": 5, "b": 3, "c": 2}),
    )


def test_everything_is_said(facts):
    card = render_model_card(facts)
    for words in (
        "`mel`, `bcc`",
        "1000 cases with 1100 photographs in 800 groups",
        "| positive | 150 | 15.0% |",
        "Source: rosendahl",
        "Missing values: age 5.7%",
        "`dx_type` (leak)",
        "`d1gest`",
        "| 4 | resnet late lightgbm | 0.750 |",
        "stack of 2 of them (greedy), each with the 5 chains that were measured",
        "0.9100",
        "0.900 (0.880 to 0.920)",
        "look better by 0.0100",
        "16 other trials are tied",
        "opened once",
        "partial AUC",
        "of 0.08 and more are positive",
        "0.948 (0.930 to 0.962)",
        "calibration slope",
        "| mobilenetv2_100.onnxzoo | apache-2.0 | 0123456789abcdef |",
        "| own | unknown: ask whoever gave you the weights |",
        "Not a medical device",
        "| sex | male | 500 | 0.800 (0.750 to 0.850) | 0.900 | lower than expected | 0.200 (0.170 to 0.240) | 0.250 |",
        " | 0.250 | 0.900 (0.830 to 0.950; too few to tell) |  |",
        "too small: 1 positive; 10 are needed",
    ):
        assert words in card, words
    assert card.index("| 4 | resnet") < card.index("| 17 | mobilenet")


def test_a_search_that_did_not_beat_the_baselines_says_so(facts):
    assert "**The stack does not beat every simple baseline" in render_model_card(facts)
    assert facts.figures.note in render_model_card(facts)


def test_a_locked_test_that_says_something_else_is_said(facts):
    assert "Warning: the AUC" not in render_model_card(facts)
    locked = facts.figures.models["stack"].auc
    better = Interval(locked.high + 0.02, locked.high + 0.01, locked.high + 0.03)
    card = render_model_card(replace(facts, search=replace(facts.search, expected={"stack": better})))
    assert f"**Warning: the AUC of the stack is {locked.value:.3f} (" in card
    off = {"calibration_slope": 0.4, "calibration_slope_low": 0.2, "calibration_slope_high": 0.6}
    models = {**facts.figures.models, "stack": replace(facts.figures.models["stack"], **off)}
    card = render_model_card(replace(facts, figures=replace(facts.figures, models=models)))
    assert "**Warning: the calibration slope is 0.40 (0.20 to 0.60), where 1 is right" in card


def test_tables_cannot_be_broken(facts):
    card = render_model_card(facts)
    assert "<script>" not in card
    row = next(line for line in card.splitlines() if "script" in line)
    assert row.replace("\\|", "").count("|") == 11


HOSTILE = "a|b<script>\n---\n# no {{ 7 * 7 }}"


def test_lines_of_a_list_cannot_be_broken_either(facts):
    card = render_model_card(replace(facts, shortcuts=['site <b>&"x"</b> | ä 0.7']))
    assert '- site &lt;b>&"x"&lt;/b> \\| ä 0.7' in card


def spoiled(value):
    """Facts with every text in them, at whatever depth, made hostile."""
    if isinstance(value, str):
        return HOSTILE
    if isinstance(value, dict):
        return {spoiled(key): spoiled(each) for key, each in value.items()}
    if isinstance(value, tuple):
        return tuple(map(spoiled, value))
    if is_dataclass(value):
        return replace(value, **{each.name: spoiled(getattr(value, each.name)) for each in fields(value)})
    return value


def test_no_text_of_the_users_is_markup(full):
    card = render_model_card(spoiled(full))
    assert card.count("a\\|b") > 30
    assert not [line for line in card.splitlines() if line.startswith("# no")]
    assert card.splitlines().count("---") == 2
    assert "a|b" not in card
    assert "<script>" not in card
    assert "49" not in card.replace("0.", "")


def test_the_table_of_shifts_has_every_shift_and_the_mean(full):
    card = render_model_card(full)
    for row in (
        "| change of AUC | stack | best trial |\n|---|---|---|\n| colour cast | -0.120 | -0.300 |\n",
        "| mean | -0.070 | -0.200 |\n",
    ):
        assert row in card
    assert full.shifts.basis in card
    assert "0.840" not in card  # a level that the stack was chosen by


def test_the_table_of_sources_has_every_source(full):
    card = render_model_card(full)
    assert "| source | cases | fitted on | frozen |\n|---|---|---|---|\n" in card
    assert "| Vienna | 300 | 700 | 0.800 (0.750 to 0.850) |\n" in card


def test_tunings_and_their_second_order_paths_are_said(full):
    card = render_model_card(full)
    assert "| net plain full | 3 | within, logits | learning rate 0.1, epochs 2 |" in card
    assert "a second-order path" in card
    within = replace(full, tunings=(replace(full.tunings[0], ways=("within",)),))
    assert "a second-order path" not in render_model_card(within)


def test_the_template_names_nothing_that_is_not_there(full, facts, bare):
    """The hub's renderer writes nothing for a name that is misspelt; a strict one raises."""
    strict = Template(TEMPLATE.read_text(), undefined=StrictUndefined)
    for each in (full, facts, bare, replace(bare, positive=("a",))):
        text = strict.render(card_data="x: 1", card=clean(each), in_words=in_words, listed=listed)
        assert text.split("---\n", 2)[2].strip() == ModelCard(render_model_card(each)).text.strip()


def test_the_header_is_what_the_hub_reads(facts):
    header = ModelCard(render_model_card(facts)).data.to_dict()
    assert header["library_name"] == "automl-skin"
    assert header["pipeline_tag"] == "image-classification"


def test_waiver_refit_and_reopening_are_said(facts):
    plan = CardPlan("d1gest", 5, "the published split", 0.675)
    changed = replace(facts, plan=plan, measured=False, figures=measured_figures(3))
    card = render_model_card(changed)
    assert "**67.5% of the cases have their group on both sides" in card
    assert "the published split" in card
    assert "this model itself is unmeasured" in card
    assert "refitted on all rows" in card
    assert "was opened 3 times" in card
    assert "both sides" not in render_model_card(facts)


def test_kinds_of_photograph_are_said_where_there_are_several(facts):
    assert "Kinds of photograph" not in render_model_card(facts)
    roles = (
        CardRole("close-up", 500, 0.1, (2, 4, 7), (7,)),
        CardRole("dermoscopic", 600, 0.05, (4, 7, 9), (7,)),
    )
    card = render_model_card(replace(facts, roles=roles))
    for words in (
        "| close-up | 500 | 10.0% | 2, 4, 7 |",
        "| dermoscopic | 600 | 5.0% | 4, 7, 9 |",
        "flagged (`missing_close-up`, `missing_dermoscopic`)",
        "one network sees all kinds (trials 4): the mean of the case's others",
        "a network of its own (trials 7): the average photograph of that kind",
        "sees none of the kinds that the case has: the average photograph",
        "without any photograph is scored by its metadata alone",
    ):
        assert words in card, words
    alone = tuple(replace(role, seen_by=(place,), towers=()) for place, role in enumerate(roles))
    card = render_model_card(replace(facts, roles=(*alone, CardRole("histology", 3, 0.9, ()))))
    assert "| histology | 3 | 90.0% | none |" in card
    assert "one network sees all kinds" not in card
    assert "a network of its own" not in card


def test_what_is_not_known_is_said(bare):
    card = render_model_card(bare)
    for words in (
        "each of 3 classes",
        "was not opened",
        "has none",
        "None were measured",
        "No network",
        "was not computed",
        "the table does not say",
        "Missing values: none",
    ):
        assert words in card, words


def test_what_is_not_said_is_empty():
    data = CardData(10, 12, 8, 2, {"a": 4, "b": 6})
    assert data.sources == ()
    assert data.missing == data.quarantined == {}
    assert CardPlan("abc", 5).crossing_share == 0
    assert CardSearch(3, "greedy").best is None
