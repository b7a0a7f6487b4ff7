import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from automl_skin.errors import ConfigError
from automl_skin.synthetic.folder import SyntheticStudy
from automl_skin.synthetic.pairs import LACKING, draw_photographs, generate_pairs, pairs_folder, role_score
from automl_skin.synthetic.population import FACTORS, draw_lesions, image_score


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> SyntheticStudy:
    return generate_pairs(tmp_path_factory.mktemp("pairs") / "study", n_lesions=40, seed=1)


@pytest.fixture(scope="module")
def table(pairs) -> pd.DataFrame:
    return pd.read_csv(pairs.table, keep_default_na=False)


def contents(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_same_arguments_same_bytes(pairs, tmp_path) -> None:
    generate_pairs(tmp_path / "again", n_lesions=40, seed=1)
    assert contents(tmp_path / "again") == contents(pairs.table.parent)
    with pytest.raises(ConfigError, match="choose another folder or delete it"):
        generate_pairs(tmp_path / "again", n_lesions=41, seed=1)
    with pytest.raises(ConfigError, match="at least 1 lesion"):
        generate_pairs(tmp_path / "none", n_lesions=0)
    assert pairs_folder(tmp_path, 40, 1).name == "synthetic-pairs-v1-40-lesions-seed-1"


def test_a_case_has_a_photograph_of_each_kind_at_the_most(pairs, table) -> None:
    assert sorted(path.stem for path in pairs.images.iterdir()) == sorted(table["image_id"])
    assert table["case_id"].nunique() == 40
    assert not table.duplicated(["case_id", "image_role"]).any()
    assert set(table["image_role"]) == {"dermoscopic", "close-up"}
    assert len(table) < 80


def test_what_is_said_of_a_case_stands_in_all_its_rows(table) -> None:
    facts = table.drop(columns=["image_id", "image_role"])
    assert len(facts.drop_duplicates()) == 40
    assert facts[["age", "sex", "site"]].isin(["", "unknown"]).any(axis=None)


def test_some_cases_lack_a_photograph_and_none_lacks_both() -> None:
    cases = pd.DataFrame({"case_id": range(4000)})
    roles = draw_photographs(cases, 0).groupby("case_id")["image_role"].agg(set)
    assert len(roles) == 4000
    for role, share in LACKING.items():
        assert (~roles.map(lambda kinds, role=role: role in kinds)).mean() == pytest.approx(share, abs=0.015)


def test_each_kind_shows_a_part_of_the_truth(pairs) -> None:
    factors = draw_lesions(3000, 0)[list(FACTORS)].to_numpy()
    whole = image_score(factors)
    shares = {role: np.corrcoef(whole, role_score(factors, role))[0, 1] for role in LACKING}
    assert 0.8 < shares["close-up"] < shares["dermoscopic"] < 0.98
    assert set(pairs.oracle_auc) == {"image", "metadata", "both", "dermoscopic", "close-up"}
    assert len(generate_pairs(pairs.table.parent, 40, 1).oracle_auc) == 5


def test_close_ups_show_more_skin(pairs, table) -> None:
    import cv2

    means = {role: [] for role in LACKING}
    for row in table.itertuples():
        picture = cv2.imread(str(pairs.images / f"{row.image_id}.jpg")).astype(float)
        edge = picture[:, [*range(8), *range(120, 128)]].mean(axis=(0, 1))
        means[row.image_role].append((np.abs(picture - edge).mean(axis=2) > 40).mean())
    assert np.mean(means["close-up"]) < 0.6 * np.mean(means["dermoscopic"])


def test_a_single_class_has_no_oracle(tmp_path) -> None:
    assert generate_pairs(tmp_path / "one", 1, 0).oracle_auc == {}
