"""Yap et al. on pairs in the form in which they are published, by the command of the synthetic ones; all made up."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

N_LESIONS = 50
SITES = ("trunk", "head_neck_face", "lower_extremity")
SMALL = (
    *("--backbone", "test_resnet.random", "--size", "32", "--tuning-set", "epochs=1"),
    *("--tuning-set", "batch_size=16", "--jobs", "1", "--device", "cpu"),
)


def draw_pictures(folder, names):
    folder.mkdir()
    rng = np.random.default_rng(0)
    for name in names:
        blocks = Image.fromarray(rng.integers(0, 255, (12, 16, 3)).astype(np.uint8))
        (folder / name).parent.mkdir(exist_ok=True)
        blocks.resize((64, 48)).save(folder / name, quality=95)


def milk10k(folder):
    """Two rows per lesion, concept scores of each photograph, and the diagnoses in a table of their own."""
    classes = ("AKIEC", "BCC", "BKL", "MEL", "NV", "SCCKA", "VASC")
    rng = np.random.default_rng(1)
    rows = [
        {
            "lesion_id": f"IL_{lesion:07d}",
            "image_type": kind,
            "isic_id": f"ISIC_{2 * lesion + (kind == 'dermoscopic'):07d}",
            "attribution": "MILK study team",
            "copyright_license": "CC-BY-NC",
            "image_manipulation": "altered",
            "age_approx": 20 + 5 * (lesion % 12),
            "sex": ("male", "female")[lesion % 2],
            "skin_tone_class": 1 + lesion % 5,
            "site": SITES[lesion % 3],
            **{f"MONET_{name}": rng.random() for name in ("hair", "erythema", "pigmented")},
        }
        for lesion in range(N_LESIONS)
        for kind in ("clinical: close-up", "dermoscopic")
    ]
    table = pd.DataFrame(rows)
    table = table.drop(index=[0, 7])  # a lesion lacks its close-up, another one its dermoscopic photograph
    table.to_csv(folder / "metadata.csv", index=False)
    truth = pd.DataFrame({"lesion_id": sorted({row["lesion_id"] for row in rows})})
    for place, name in enumerate(classes):
        truth[name] = (np.arange(N_LESIONS) % len(classes) == place).astype(float)
    truth.to_csv(folder / "truth.csv", index=False)
    draw_pictures(folder / "images", [f"{name}.jpg" for name in table["isic_id"]])
    return (
        "--data",
        folder / "metadata.csv",
        "--labels",
        folder / "truth.csv",
        "--images",
        folder / "images",
    )


def derm7pt(folder):
    """One row per case, with a column for each photograph."""
    names = ("clark nevus", "melanoma (in situ)", "basal cell carcinoma", "seborrheic keratosis", "lentigo")
    rows = [
        {
            "case_num": case + 1,
            "diagnosis": names[case % len(names)],
            "seven_point_score": case % 8,
            "pigment_network": "absent",
            "level_of_diagnostic_difficulty": "low",
            "elevation": ("flat", "palpable")[case % 2],
            "location": ("back", "abdomen", "lower limbs")[case % 3],
            "sex": ("male", "female")[case // 2 % 2],
            "management": "excision",
            "clinic": f"A{case}/Aa{case}.jpg",
            "derm": f"A{case}/Aad{case}.jpg",
        }
        for case in range(N_LESIONS)
    ]
    table = pd.DataFrame(rows)
    table.to_csv(folder / "meta.csv", index=False)
    draw_pictures(folder / "images", [*table["clinic"], *table["derm"]])
    return ("--data", folder / "meta.csv", "--images", folder / "images")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("make", "classes"),
    [(milk10k, {"nevus", "melanoma", "bcc", "scc", "bkl"}), (derm7pt, {"nevus", "melanoma", "bcc", "bkl"})],
)
def test_published_pairs_are_run_by_the_same_command(make, classes, end_to_end, tuning_here, tmp_path):
    places = ("--workspace", tmp_path / "workspace", "--cache-dir", tmp_path / "cache")
    cells = ("--cell", "dsc + macro, joint", "--cell", "dsc + macro + meta, joint", "--cell", "forest")
    with tuning_here():
        ended = end_to_end.command(
            "reproduce", "yap_2018", "--variant", "pairs-joint", *make(tmp_path), *cells, *SMALL, *places
        )
    assert ended.code == 0, ended.errors
    (study,) = (tmp_path / "workspace" / "studies" / "yap_2018").glob("pairs-joint-*")
    report = (study.parent / "report.md").read_text()
    assert "3 of 8 cells finished" in report
    assert "failed" not in report
    table = pd.read_csv(next((tmp_path / "cache" / "prepared").glob("*.csv")))
    assert set(table["diagnosis"]) == classes
