"""Vectors that are given in place of a network are that network: same trials, same stack, same scores."""

import json

import numpy as np
import pandas as pd
import pytest

from automl_skin.errors import ConfigError, InputError
from automl_skin.export.bundle import read_facts
from automl_skin.scoring.pyfunc import _load_pyfunc
from automl_skin.search.material import Material
from automl_skin.steps import export, score
from automl_skin.steps.evaluate import LabelledSet, evaluate
from automl_skin.steps.prepare import prepare
from automl_skin.study import study as studies
from automl_skin.study.study import Study

NAME = "test_resnet.random"
NETWORK = f"{NAME}@plain"


@pytest.fixture(scope="module")
def vectors(tiny):
    """The cached embeddings of all photographs of a study, by the id of the case, which is that of its photograph."""
    parts = [Material.read(folder) for folder in (tiny.study.material, tiny.study.locked_material)]
    return pd.concat(
        [pd.DataFrame(each.inputs.embeddings[NETWORK], index=each.cases.index) for each in parts]
    )


@pytest.fixture(scope="module")
def file(vectors, tmp_path_factory):
    path = tmp_path_factory.mktemp("vectors") / "made.npz"
    ids = [f"{name}.jpg" for name in vectors.index]
    np.savez(path, ids=ids, vectors=vectors.to_numpy(), licence="CC0")
    return path


@pytest.fixture(scope="module")
def split(tiny, tmp_path_factory):
    """The plan of the study as a table of the user's own."""
    plan = tiny.study.read_plan().table
    path = tmp_path_factory.mktemp("split") / "split.csv"
    values = np.where(plan["part"] == "locked", "test", plan["fold"].astype(str))
    pd.DataFrame({"image_id": plan.index, "split": values}).to_csv(path, index=False)
    return path


def search(end_to_end, tiny, name, **settings):
    given = {"data": str(tiny.table), **end_to_end.BINARY, "backbone": ["none"], **settings}
    return end_to_end.search(tiny.workspace, name, **given)


@pytest.fixture(scope="module")
def without(end_to_end, tiny, file, split):
    """A study without photographs, searched by their vectors."""
    settings = {"split": str(split), "embeddings": [f"{NAME}={file}"]}
    return search(end_to_end, tiny, "without", backbone=["test_resnet"], **settings)


@pytest.fixture(scope="module")
def bundle(without, tmp_path_factory):
    folder = tmp_path_factory.mktemp("given") / "bundle"
    export.export(without.study, folder)
    return folder


def trials(study: Study) -> pd.DataFrame:
    rows = [
        {
            "config": each.plan.config.title.replace("given", "plain"),
            "state": each.state,
            "folds": each.utilities,
        }
        for each in study.journal.read()
    ]
    return pd.DataFrame(rows)


def assert_same_trials(one: Study, other: Study) -> None:
    mine, theirs = trials(one), trials(other)
    assert list(mine["config"]) == list(theirs["config"])
    assert list(mine["state"]) == list(theirs["state"])
    for folds, others in zip(mine["folds"], theirs["folds"], strict=True):
        assert folds == pytest.approx(others, abs=1e-6)


def test_the_trials_are_those_of_the_network_beside_the_photographs(end_to_end, tiny, file):
    settings = {"images": str(tiny.images), "embeddings": [f"{NAME}={file}"]}
    outcome = search(end_to_end, tiny, "beside", **settings)
    assert outcome.study.read_plan().digest == tiny.study.read_plan().digest
    assert_same_trials(outcome.study, tiny.study)
    assert outcome.shifts is None
    card = (outcome.study.report / "MODEL_CARD.md").read_text()
    assert "vectors were given, and cannot be made anew from photographs under shift" in card


def test_the_trials_are_those_of_the_network_without_photographs(tiny, without):
    assert_same_trials(without.study, tiny.study)
    assert any(each.plan.config.uses_image for each in without.records)


def test_the_scores_are_those_of_the_network(end_to_end, tiny, bundle, file, tmp_path):
    through_pixels = end_to_end.score_file(tiny.bundle, tiny.images, tmp_path / "pixels.csv", tiny.table)
    summary = score.score(bundle, None, tmp_path / "vectors.csv", tiny.table, embeddings=[str(file)])
    given = end_to_end.read_scores(tmp_path / "vectors.csv")
    assert list(given["image_id"]) == list(through_pixels["image_id"])
    assert given["probability"].to_numpy() == pytest.approx(
        through_pixels["probability"].to_numpy(), abs=1e-6
    )
    assert given["flags"].equals(through_pixels["flags"])
    assert any(note.startswith(f"vectors {NAME}:") for note in summary.notes)


def test_one_case_scores_like_all_of_them(end_to_end, tiny, bundle, file, tmp_path):
    score.score(bundle, None, tmp_path / "all.csv", tiny.table, embeddings=[str(file)])
    every = end_to_end.read_scores(tmp_path / "all.csv")
    tiny.rows.iloc[[5]].to_csv(tmp_path / "one.csv", index=False)
    score.score(bundle, None, tmp_path / "alone.csv", tmp_path / "one.csv", embeddings=[str(file)])
    alone = end_to_end.read_scores(tmp_path / "alone.csv")
    assert alone["probability"].iloc[0] == pytest.approx(every["probability"].iloc[5], abs=1e-6)


def test_a_server_takes_the_vector_in_a_column(end_to_end, tiny, bundle, vectors, file, tmp_path):
    score.score(bundle, None, tmp_path / "all.csv", tiny.table, embeddings=[str(file)])
    expected = end_to_end.read_scores(tmp_path / "all.csv")
    service, facts = _load_pyfunc(str(bundle)), read_facts(bundle)
    rows = tiny.rows.head(3)
    fields = rows[list(facts.kinds)]
    own = [vectors.loc[name].tolist() for name in rows["image_id"]]
    answer = service.predict(fields.assign(**{NAME: own}))
    assert list(answer["probability"]) == pytest.approx(list(expected["probability"].head(3)), abs=1e-6)
    bad = service.predict(fields.assign(**{NAME: [own[0], own[1][:-1], None]}))
    assert [value is None for value in bad["probability"]] == [False, True, True]
    assert bad["problem"].iloc[1].startswith(f"row 2, {NAME}: expected a vector of")
    assert bad["problem"].iloc[2] == "no vector was given"
    (example,) = json.loads((bundle / "input_example.json").read_text())
    assert set(example) == {*facts.kinds, NAME}


def test_facts_and_card_say_which_vectors_are_needed(bundle, file, vectors):
    facts = read_facts(bundle)
    (given,) = facts.given
    assert (given.title, given.n_dimensions, given.licence, given.by) == (
        NAME,
        vectors.shape[1],
        "CC0",
        "image",
    )
    assert (facts.embeddings, facts.photographs) == ((), False)
    card = (bundle / "MODEL_CARD.md").read_text()
    assert f"| {NAME} | {vectors.shape[1]} | image | CC0 | {given.digest[:16]} |" in card


def test_it_is_evaluated_with_the_same_option(tiny, bundle, file, tmp_path):
    labelled = LabelledSet((tiny.table,), None, "diagnosis", (), {}, embeddings=(str(file),))
    evaluation = evaluate(bundle, labelled, tmp_path / "out")
    assert evaluation.auc.value > 0.5
    assert any("was not looked for" in note for note in evaluation.notes)


def test_a_case_without_a_vector_is_flagged_like_one_without_a_photograph(
    end_to_end, tiny, bundle, vectors, tmp_path
):
    some = vectors.iloc[1:]
    np.savez(tmp_path / "some.npz", ids=list(some.index), vectors=some.to_numpy())
    file = tmp_path / "some.npz"
    summary = score.score(bundle, None, tmp_path / "s.csv", tiny.table, embeddings=[str(file)])
    assert [why.endswith(f"no vector in {file}") for why in summary.problems.values()] == [True]
    scores = end_to_end.read_scores(tmp_path / "s.csv").set_index("image_id")
    assert scores.loc[vectors.index[0], "flags"].split(";")[0] == "image_unreadable"
    assert scores["probability"].isna().sum() == 1


def test_needed_vectors_must_be_given_in_their_length(tiny, bundle, vectors, tmp_path):
    with pytest.raises(
        ConfigError, match=r"expected the vectors that the bundle needs \(test_resnet.random .*got none; give"
    ):
        score.score(bundle, None, tmp_path / "s.csv", tiny.table)
    np.savez(tmp_path / "short.npz", ids=list(vectors.index), vectors=vectors.to_numpy()[:, 1:])
    with pytest.raises(InputError, match=r"expected vectors of [\d,]+ numbers, as in training, got"):
        score.score(bundle, None, tmp_path / "s.csv", tiny.table, embeddings=[str(tmp_path / "short.npz")])


@pytest.fixture
def begin(tiny, end_to_end, tmp_path):
    """Prepare a study of some vectors, and return what was understood."""

    def prepare_study(vectors, ids=None, **settings):
        np.savez(
            tmp_path / "made.npz", ids=list(vectors.index if ids is None else ids), vectors=vectors.to_numpy()
        )
        given = {"data": str(tiny.table), "embeddings": [str(tmp_path / "made.npz")], **settings}
        flags = {**end_to_end.SETTINGS, **end_to_end.BINARY, **given}
        return prepare(studies.open_study(tiny.workspace, str(tmp_path / "study"), flags), lambda event: None)

    return prepare_study


def test_a_few_photographs_may_lack_a_vector_and_many_may_not(begin, vectors):
    seen = begin(vectors.iloc[1:])
    assert len(seen.readable) == len(vectors) - 1
    assert any("1 of" in str(each) and "have no vector" in str(each) for each in seen.audit.findings)
    assert seen.audit.images == {"vectors": len(vectors) - 1, "without_vector": 1, "exact_duplicates": 0}


def test_many_missing_vectors_are_refused(begin, vectors):
    with pytest.raises(InputError, match="expected a vector in each file for at least 95 %"):
        begin(vectors.iloc[10:])


def test_vectors_of_other_photographs_are_refused(begin, vectors):
    with pytest.raises(
        InputError, match=r"expected the ids of images or cases of the table \(images such as .*got x0, x1"
    ):
        begin(vectors, ids=[f"x{row}" for row in range(len(vectors))])


def test_equal_vectors_are_copies_and_kept_together(begin, vectors):
    twice = vectors.copy()
    twice.iloc[7] = twice.iloc[3]
    seen = begin(twice)
    first, second = twice.index[[3, 7]]
    assert seen.groups.ids[first] == seen.groups.ids[second]
    assert seen.audit.images["exact_duplicates"] == 1


def test_a_name_may_not_be_that_of_a_field_or_another_network(begin, vectors, tmp_path):
    with pytest.raises(ConfigError, match="expected a name that no metadata column has, got 'age'"):
        begin(vectors, embeddings=[f"age={tmp_path / 'made.npz'}"])
    with pytest.raises(ConfigError, match="expected names that no other network has, got 'made' twice"):
        begin(vectors, embeddings=[str(tmp_path / "made.npz")] * 2)


def test_pixels_are_asked_for_what_needs_them(begin, vectors):
    with pytest.raises(
        ConfigError, match="--tuning full: expected photographs that a network of the study sees"
    ):
        begin(vectors, tuning=["full"])
    with pytest.raises(ConfigError, match="--objective robust"):
        begin(vectors, objective="robust")
