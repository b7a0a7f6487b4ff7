"""A dermoscopic and a close-up photograph a case, from a table to scores: towers, bundle, and what may be missing."""

import itertools
import json
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from automl_skin.embeddings.key import TunedOn
from automl_skin.embeddings.networks import NetworkStore
from automl_skin.embeddings.tuned_folder import TunedFolder
from automl_skin.errors import IntegrityError
from automl_skin.explain.stack_heat import network_directions
from automl_skin.export.predictor import CaseImage, Predictor
from automl_skin.networks import NetworkId
from automl_skin.scoring.heat_pictures import NO_PHOTOGRAPH
from automl_skin.scoring.outputs import Beside
from automl_skin.scoring.pyfunc import Service
from automl_skin.search.material import Material
from automl_skin.search.shifted import Sample
from automl_skin.settings import Workspace
from automl_skin.steps import export, search, shift_embeddings, shifts, tune
from automl_skin.steps.card import card_roles
from automl_skin.steps.embed import embed, embed_tuned
from automl_skin.steps.embedded import find_networks
from automl_skin.steps.events import silent
from automl_skin.steps.prepare import read_prepared
from automl_skin.steps.score import score
from automl_skin.steps.shift_embeddings import ensure_shifted
from automl_skin.study.stage_one_file import read_embedded, write_embedded
from automl_skin.study.study import Study
from automl_skin.study.understood import read_understood
from automl_skin.synthetic.pairs import generate_pairs

ROLES = ("close-up", "dermoscopic")
NET = "test_resnet.random@plain"
TOWERS = [f"{NET}@full-1-epochs@{role}.without-{fold}" for role, fold in itertools.product(ROLES, range(3))]
FIELDS = ("age", "sex", "site")


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    return generate_pairs(tmp_path_factory.mktemp("pairs") / "data", n_lesions=70, seed=3)


@pytest.fixture(scope="module")
def study(end_to_end, tuning_here, pairs, tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    workspace = Workspace.at(folder / "workspace", folder / "cache")
    settings = {
        **end_to_end.BINARY,
        "data": str(pairs.table),
        "images": str(pairs.images),
        "trials": 11,
        "tuning": ["full"],
        "tuning_set": ["epochs=1"],
        "shift_cases": 0,
    }
    with pytest.MonkeyPatch.context() as patch, tuning_here():
        patch.setattr(search, "write_report", lambda *_: None)
        return end_to_end.search(workspace, "pairs", **settings).study


@pytest.fixture(scope="module")
def bundle(study, tmp_path_factory):
    folder = tmp_path_factory.mktemp("bundle") / "pairs"
    export.export(study, folder)
    return folder


@pytest.fixture(scope="module")
def predictor(bundle):
    return Predictor.load(bundle)


@pytest.fixture(scope="module")
def cases(pairs):
    """Metadata and photographs by kind of a few cases that have both kinds."""
    table = pd.read_csv(pairs.table, dtype="str", keep_default_na=False)
    table = table[table.groupby("case_id")["image_id"].transform("size") == 2]
    table = table[~table[list(FIELDS)].isin(["", "unknown"]).any(axis=1)].head(8)
    files = {
        (row.case_id, row.image_role): CaseImage(
            row.case_id, row.image_role, row.image_id, (pairs.images / f"{row.image_id}.jpg").read_bytes()
        )
        for row in table.itertuples()
    }
    return table.drop_duplicates("case_id").set_index("case_id")[list(FIELDS)], files


def test_the_material_says_which_kinds_a_case_has(study, pairs):
    material = Material.read(study.material)
    has = pd.read_csv(pairs.table).groupby("case_id")["image_role"].agg(set)
    told = [
        {role for role, there in zip(ROLES, row, strict=True) if there} for row in material.inputs.has_role
    ]
    assert told == list(has.loc[material.cases.index])
    assert material.inputs.roles == ROLES
    assert not material.inputs.has_role.all()
    frozen = material.inputs.embeddings[NET]
    lacks = ~material.inputs.has_role[:, 0]
    width = frozen.shape[1] // 2
    assert (frozen[lacks, :width] == 0).all()
    assert (frozen[~lacks, :width] != 0).any(axis=1).all()
    assert Material.read(study.locked_material).inputs.roles == ROLES


def test_each_kind_has_fold_networks_of_its_own(study):
    material = Material.read(study.material)
    assert sorted(material.inputs.tuned_on) == sorted(TOWERS)
    plan, prepared = study.read_plan(), read_prepared(study)
    images, embedded, digests = prepared.images, read_embedded(study), set()
    store = NetworkStore(study.workspace.cache / "networks")
    for name in TOWERS:
        role, (fold,) = NetworkId.parse(name).role, NetworkId.parse(name).held_out
        folder = TunedFolder(store.folder / embedded[name].tuned.folder)
        assert folder.role == role
        assert folder.tuned_on.held_out_folds == (fold,)
        assert folder.tuned_on.plan_digest == plan.digest
        digests.add(embedded[name].weights)
        seen = images[images["case"].isin(plan.training(fold)) & (images["role"] == role)]
        used = json.loads((folder.path / "key.json").read_text())
        rows = tune.tuning_rows(
            images.assign(readable=True),
            prepared.manifest.cases,
            prepared.manifest.target,
            plan,
            (fold,),
            tune.TuningRecipe(epochs=1),
            study.config.seed,
            role,
        )
        assert set(rows.images["content"]) == set(seen["content"])
        assert used["labels"] == rows.digest
    assert len(digests) == len(TOWERS)


def test_trials_see_towers_and_frozen_networks(study):
    records = study.journal.read()
    assert {record.state for record in records} == {"finished"}
    configs = [record.plan.config for record in records]
    assert {config.way for config in configs if config.towers} >= {"within", "logits", "own"}
    assert {config.roles for config in configs if config.towers} == {ROLES}
    assert () in {config.roles for config in configs if not config.is_tuned}
    (this,) = study.rounds.read()
    (outcome,) = this.outcomes
    assert [str(each.network) for each in outcome.networks] == TOWERS
    assert len(set(outcome.folders)) == 6


def test_a_tower_of_another_kind_is_refused(study, tmp_path):
    folder = shutil.copytree(study.folder, tmp_path / "pairs")
    copy = Study("pairs", folder, study.config, study.workspace)
    assert [each.id.role for each in find_networks(copy, TOWERS[:1])] == ["close-up"]
    embedded = read_embedded(copy)
    other = embedded[TOWERS[0].replace("close-up", "dermoscopic")]
    write_embedded(copy, {**embedded, TOWERS[0]: other})
    with pytest.raises(
        IntegrityError, match=r"expected a network of close-up photographs, got .* is of dermoscopic"
    ):
        find_networks(copy, TOWERS[:1])


ROTATIONS = [(0, 1), (1, 2), (0, 2)]


@pytest.fixture(scope="module")
def lacking(study, tmp_path_factory):
    """A study without any close-up photograph of folds 0 and 1 and of the locked cases, with towers for `rotation`."""
    folder = shutil.copytree(study.folder, tmp_path_factory.mktemp("lacking") / "pairs")
    copy = Study("pairs", folder, study.config, study.workspace)
    prepared = read_prepared(copy)
    manifest, plan = prepared.manifest, prepared.plan
    others = plan.table.index[~plan.table["fold"].eq(2)]
    kept = ~(manifest.images["case"].isin(others) & manifest.images["role"].eq("close-up"))
    prepared = replace(prepared, manifest=replace(manifest, images=manifest.images[kept]))
    embed(prepared, silent)
    towers = [each for each in find_networks(copy, TOWERS) if each.id.held_out == (0,)]
    sets = [  # which folds they have really seen does not matter here
        replace(each, id=each.id.without(held_out, each.id.role), tuned_on=TunedOn(plan.digest, held_out))
        for each in towers
        for held_out in ROTATIONS
    ]
    embed_tuned(prepared, sets, silent)
    return copy


@pytest.mark.parametrize("fold", range(3))
def test_a_tower_that_is_shown_no_photograph_is_stood_in_for(fold, lacking, make_fitter, small_chain):
    """Fold 0 is fitted on fold 1, where no case has a close-up, fold 1 on fold 2, and fold 2 on fold 0."""
    development, locked = Material.read(lacking.material), Material.read(lacking.locked / "material")
    config = small_chain(
        backbones=("test_resnet.random",), tuning="full-1-epochs", way="rotation", roles=ROLES, towers=True
    )
    embedded, names = read_embedded(lacking), config.image_names(fold, 3)
    for name in names:
        width = embedded[TOWERS[0]].n_dimensions
        assert embedded[name].n_dimensions == width
        assert [each.inputs.embeddings[name].shape[1] for each in (development, locked)] == [width, width]
    chain, held = make_fitter(development).fit(config, fold)
    assert np.isfinite(held).all()
    lacks = np.flatnonzero(~locked.inputs.has_role[:, 0] & locked.inputs.has_role[:, 1])
    columns = chain.project(locked.inputs)[lacks]
    half = columns.shape[1] // 2
    assert np.abs(columns[:, :half]).max() < 1e-6  # the average close-up
    assert np.abs(columns[:, half:]).mean() > 0.1
    assert np.isfinite(chain.predict(locked.inputs)).all()
    if fold == 0:  # what no case had that the head was fitted on says nothing of a new one
        few = locked.inputs.take(lacks)
        noise = np.random.default_rng(0).normal(size=few.embeddings[names[0]].shape).astype(np.float32)
        new = replace(
            few, embeddings={**few.embeddings, names[0]: noise}, has_role=np.ones_like(few.has_role)
        )
        assert (chain.predict(new) == chain.predict(few)).all()


def test_towers_are_measured_under_shift_by_their_own_kind(study, monkeypatch, tmp_path):
    folder = shutil.copytree(study.folder, tmp_path / "pairs")
    copy = Study("pairs", folder, study.config, study.workspace)
    material = Material.read(copy.material)
    lacks = np.flatnonzero(~material.inputs.has_role[:, 0])[:2]
    positions = np.sort(np.concatenate([lacks, np.flatnonzero(material.inputs.has_role.all(axis=1))[:4]]))
    monkeypatch.setattr(shift_embeddings, "sample_of", lambda *_: Sample(positions, ("gamma",)))
    records = [each for each in copy.journal.read() if each.plan.config.towers]
    tried = [next(each for each in records if each.plan.config.way == way) for way in ("within", "own")]
    sets = find_networks(copy, TOWERS)
    shifted = ensure_shifted(read_prepared(copy), sets, lambda what: lambda done, total: None)
    for name in TOWERS:
        fold, role = int(name[-1]), ROLES.index(NetworkId.parse(name).role)
        rows = positions[shifted.rows(fold)]
        has = material.inputs.has_role[rows, role]
        assert ((shifted.block(name, fold)[0] != 0).any(axis=1) == has).all()
    scores = shifts.score_trials(
        copy, copy.journal.read(), tried, shifted, material, lambda what: lambda done, total: None
    )
    assert all(np.isfinite(values).all() for values in scores.values())


def test_the_bundle_scores_as_was_measured(study, predictor, pairs):
    """Locked cases through pixels, also those that lack a photograph, against what was written at the opening."""
    table = pd.read_csv(pairs.table, dtype="str", keep_default_na=False)
    locked = pd.read_parquet(study.locked_predictions)
    rows = table[table["case_id"].isin(locked.index)]
    photographs = [
        CaseImage(
            row.case_id, row.image_role, row.image_id, (pairs.images / f"{row.image_id}.jpg").read_bytes()
        )
        for row in rows.itertuples()
    ]
    metadata = rows.drop_duplicates("case_id").set_index("case_id").loc[locked.index]
    answer = predictor.predict(metadata, photographs)
    assert answer.probabilities[:, 1] == pytest.approx(locked["stack: 1"].to_numpy(), abs=1e-3)
    lacking = {f"missing_{role}" for role in ROLES} & {flag for flags in answer.flags for flag in flags}
    assert lacking


def test_the_card_says_which_kinds_the_chains_see(study, bundle, pairs):
    table, built = pd.read_csv(pairs.table), study.stack.read()
    configs = {record.plan.number: record.plan.config for record in study.journal.read()}
    with_image = [each for each in built.stack.members if configs[each].uses_image]
    roles = card_roles(study, built, read_understood(study))
    assert [role.name for role in roles] == list(ROLES)
    for role in roles:
        has = table.loc[table["image_role"] == role.name, "case_id"]
        assert role.n_images == len(has)
        assert role.missing == pytest.approx(1 - has.nunique() / table["case_id"].nunique())
        assert set(role.seen_by) == {
            each for each in with_image if role.name in (configs[each].roles or ROLES)
        }
        assert set(role.towers) == {each for each in role.seen_by if configs[each].towers}
    assert any(role.towers for role in roles)
    card = (bundle / "MODEL_CARD.md").read_text()
    assert "## Kinds of photograph" in card
    assert "`missing_close-up`, `missing_dermoscopic`" in card


GIVEN = [
    (kinds, with_metadata)
    for size in range(3)
    for kinds in itertools.combinations(ROLES, size)
    for with_metadata in (True, False)
    if kinds or with_metadata
]


@pytest.mark.parametrize(("kinds", "with_metadata"), GIVEN)
def test_any_subset_is_scored_and_what_is_missing_is_flagged(kinds, with_metadata, predictor, cases):
    metadata, files = cases
    metadata = metadata if with_metadata else metadata[[]]
    photographs = [each for (_, role), each in files.items() if role in kinds]
    together = predictor.predict(metadata, photographs)
    assert np.isfinite(together.probabilities).all()
    assert together.probabilities.sum(axis=1) == pytest.approx(1.0)
    expected = [f"missing_{role}" for role in ROLES if role not in kinds]
    expected += [] if with_metadata else ["no_metadata"]
    assert together.flags == [expected] * len(metadata)
    for position in (0, len(metadata) - 1):  # one row like a batch
        case = metadata.index[position]
        alone = predictor.predict(metadata.loc[[case]], [each for each in photographs if each.case == case])
        assert np.abs(alone.probabilities[0] - together.probabilities[position]).max() < 1e-3
        assert alone.flags == [expected]


def test_each_kind_of_photograph_counts(predictor, cases):
    metadata, files = cases
    first, second = metadata.index[:2]
    before = predictor.predict(metadata, files.values()).probabilities
    for role in ROLES:
        content = files[second, role].content
        swapped = {**files, (first, role): CaseImage(first, role, "swapped", content)}
        after = predictor.predict(metadata, swapped.values()).probabilities
        assert abs(after[0, 1] - before[0, 1]) > 1e-5
        assert after[1:] == pytest.approx(before[1:], abs=1e-6)


def test_nothing_given_is_no_answer_and_a_damaged_photograph_is_named(predictor, cases):
    metadata, files = cases
    few = metadata.head(2)
    nothing = predictor.predict(few[[]], [])
    assert np.isnan(nothing.probabilities).all()
    assert nothing.flags == [["missing_close-up", "missing_dermoscopic", "no_metadata"]] * 2
    first, second = few.index
    damaged = CaseImage(first, "close-up", "text.jpg", b"no image")
    answer = predictor.predict(few, [damaged, files[second, "dermoscopic"]])
    assert np.isnan(answer.probabilities[0]).all()
    assert np.isfinite(answer.probabilities[1]).all()
    assert answer.flags == [
        ["image_unreadable", "missing_close-up", "missing_dermoscopic"],
        ["missing_close-up"],
    ]
    both = predictor.predict(few.head(1), [damaged, files[first, "dermoscopic"]])
    assert np.isfinite(both.probabilities).all()
    assert both.flags == [["image_unreadable", "missing_close-up"]]


def test_a_table_is_scored_whatever_its_rows_lack(end_to_end, bundle, pairs, tmp_path):
    table = pd.read_csv(pairs.table, dtype="str", keep_default_na=False)
    table = table[table["case_id"].isin(table["case_id"].unique()[:6])].copy()
    alone = table["case_id"] == table["case_id"].iloc[0]
    table.loc[alone, ["image_id", "image_role"]] = ""
    table["image_role"] = table["image_role"].str.upper()
    table.to_csv(tmp_path / "cases.csv", index=False)
    scores = end_to_end.score_file(bundle, pairs.images, tmp_path / "scores.csv", tmp_path / "cases.csv")
    assert list(scores["case_id"]) == list(table["case_id"])
    assert scores["probability"].between(0, 1).all()
    assert scores.groupby("case_id")["probability"].nunique().eq(1).all()
    without = scores[scores["case_id"] == table["case_id"].iloc[0]]
    assert without["flags"].str.startswith("missing_close-up;missing_dermoscopic").all()


def test_a_server_takes_any_of_the_photographs(predictor, cases):
    import base64

    metadata, files = cases
    case = metadata.index[0]
    content = {role: base64.b64encode(files[case, role].content).decode() for role in ROLES}
    rows = pd.DataFrame(
        [
            {**metadata.loc[case], **{f"image_{role}": content[role] for role in ROLES}},
            {**metadata.loc[case], "image_dermoscopic": content["dermoscopic"]},
            dict(metadata.loc[case]),
            {"image_close-up": content["close-up"]},
        ]
    )
    answer = Service(predictor).predict(rows)
    assert answer["probability"].astype(float).notna().all()
    assert list(answer["flags"]) == [
        "",
        "missing_close-up",
        "missing_close-up;missing_dermoscopic",
        "missing_dermoscopic;no_metadata",
    ]
    assert (answer["problem"] == "").all()


def test_each_photograph_of_a_case_has_its_picture_of_heat(bundle, pairs, tmp_path):
    """Towers and frozen networks of both kinds; a row without a photograph has none."""
    table = pd.read_csv(pairs.table, dtype="str", keep_default_na=False)
    both = table[table.groupby("case_id")["image_id"].transform("size") == 2].head(4)
    alone = table[table.groupby("case_id")["image_id"].transform("size") == 1].head(2)
    rows = pd.concat([both, alone, both.head(1).assign(case_id="metadata alone", image_id="")])
    rows.to_csv(tmp_path / "rows.csv", index=False)
    summary = score(
        bundle,
        pairs.images,
        tmp_path / "scores.csv",
        (tmp_path / "rows.csv",),
        beside=Beside(heat=tmp_path / "heat"),
    )
    names = [f"{row + 1:06d}-{image}.png" for row, image in enumerate(rows["image_id"]) if image]
    assert sorted(path.name for path in (tmp_path / "heat").iterdir()) == names
    assert sorted(summary.pictures.files) == names
    assert summary.pictures.without == {NO_PHOTOGRAPH: 1}


def test_a_tower_gives_heat_of_its_own_kind_alone(predictor, cases):
    metadata, files = cases
    inputs = predictor.predict(metadata, files.values()).inputs
    for place, role in enumerate(ROLES):
        found = network_directions(predictor.stack, inputs, np.ones(len(inputs), np.int64), place)
        names = {each.name for each in found}
        assert NET in names
        towers = {NetworkId.parse(name).role for name in names} - {""}
        assert towers == {role}
        assert all((np.abs(each.directions).sum(axis=1) > 0).all() for each in found)
