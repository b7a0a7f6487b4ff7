import os
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from automl_skin.data.leaks import find_leaks
from automl_skin.data.table import read_table

N = 2000


def labels(n=N, positives=0.3, seed=0):
    return pd.Series((np.random.default_rng(seed).random(n) < positives).astype(int))


def found(table, classes, diagnosis=None, skip=()):
    return {leak.column: leak.kind for leak in find_leaks(table, classes, diagnosis, skip)}


def coded(table, keep=(), missing=-1):
    """Rename nothing, but turn levels into integers; missing becomes -1 or stays NaN."""
    codes = {name: pd.Series(pd.factorize(table[name])[0], index=table.index) for name in table}
    return pd.DataFrame(
        {name: table[name] if name in keep else code.replace(-1, missing) for name, code in codes.items()}
    )


def made_with_knowledge(classes, seed=0):
    """Columns that someone wrote who knew the class."""
    rng = np.random.default_rng(seed)
    n = len(classes)
    confirmed = np.where(classes == 1, "histology", rng.choice(["histology", "follow-up", "consensus"], n))
    thickness = pd.Series(rng.gamma(2.0, 1.0, n).round(2)).where((classes == 1) & (rng.random(n) < 0.2))
    subtype = pd.Series(rng.choice(["a", "b", None], n, p=[0.1, 0.1, 0.8])).where(classes == 0)
    return pd.DataFrame(
        {
            "confirmed": confirmed,
            "thickness": thickness,
            "subtype": subtype,
            "twin": classes.map({0: "harmless", 1: "not harmless"}),
            "score": np.where(classes == 1, 0.6, 0.1) + rng.random(n) * 0.3,
        }
    )


def honest(classes, seed=0):
    """Columns that are associated with the class, strongly, and never certain; one of each kind."""
    rng = np.random.default_rng(seed)
    n = len(classes)
    six = rng.dirichlet(np.full(6, 3.0))
    odds = np.exp(rng.uniform(-1.5, 1.5, 6))
    site = np.where(
        classes == 1, rng.choice(6, n, p=six * odds / (six * odds).sum()), rng.choice(6, n, p=six)
    )
    age = np.clip(rng.normal(50, 12, n) + 14.3 * classes, 1, 99)  # an AUC of 0.8
    return pd.DataFrame(
        {
            "age": age.round(),
            "age_exact": age,
            "age_class": (age // 5 * 5).mask(rng.random(n) < 0.05),
            "sex": pd.Series(rng.choice(["male", "female", None], n, p=[0.5, 0.45, 0.05])),
            "site": pd.Series([f"site {number}" for number in site]).mask(rng.random(n) < 0.1),
            "itching": np.where(classes == 1, rng.random(n) < 0.6, rng.random(n) < 0.1),
            "rarely_asked": pd.Series(rng.choice(["yes", "no"], n)).mask(rng.random(n) < 0.9),
            "number": [f"ID_{number:06d}" for number in rng.permutation(n)],
        }
    )


@pytest.mark.parametrize("positives", [0.1, 0.3, 0.5])
@pytest.mark.parametrize("coding", ["raw", "-1", "nan"])
def test_columns_made_with_knowledge_are_found_whatever_the_coding(positives, coding):
    classes = labels(positives=positives)
    table = made_with_knowledge(classes)
    if coding != "raw":
        table = coded(table, keep=["score"], missing=-1 if coding == "-1" else np.nan)
    assert set(found(table, classes)) == set(table.columns)


@pytest.mark.parametrize("n", [120, 400, 2000, 8000])
@pytest.mark.parametrize("positives", [0.02, 0.1, 0.3, 0.5])
def test_honest_columns_are_not_taken_for_leaks(n, positives):
    for seed in range(6 if n < 8000 else 2):  # chance finds the less the longer the table is
        classes = labels(n, positives, seed)
        table = honest(classes, seed)
        assert found(table, classes) == {}
        assert found(coded(table.drop(columns="number")), classes) == {}


def test_names_of_columns_do_not_matter():
    classes = labels()
    table = made_with_knowledge(classes).join(honest(classes))
    renamed = table.set_axis([f"c{number}" for number in range(table.shape[1])], axis=1)
    assert list(found(renamed, classes).values()) == list(found(table, classes).values())


def test_a_leak_of_the_diagnosis_is_found_where_the_class_hides_it():
    rng = np.random.default_rng(0)
    diagnosis = pd.Series(rng.choice(["mel", "nv", "bkl", "df"], N))
    classes = diagnosis.isin(["mel", "nv"]).astype(int)
    column = diagnosis.map({"mel": "x", "nv": "y", "bkl": "x", "df": "y"}).to_frame("pair")
    column["pair"] = np.where(diagnosis == "bkl", "z", column["pair"])
    column.loc[rng.random(N) < 0.02, "pair"] = "x"
    assert found(column, classes, diagnosis)


@pytest.mark.parametrize(("wrong", "kinds"), [(1, {"filled"}), (20, set())])
def test_a_wrong_label_does_not_hide_a_leak_and_many_do(wrong, kinds):
    classes = labels(4000, 0.5)
    column = pd.Series(np.where(classes == 1, 1.5, np.nan)).mask(np.random.default_rng(1).random(4000) < 0.9)
    column[np.flatnonzero(classes == 0)[:wrong]] = 1.5
    assert set(found(column.to_frame("thick"), classes).values()) == kinds


def score_of(classes, seed, distance=2.6):
    """An honest score from 0 to 10 with an AUC of about 0.96."""
    noise = np.random.default_rng(1000 + seed).normal(size=len(classes))
    return np.clip((3.5 + 1.9 * (distance * (classes - 0.5) + noise)).round(), 0, 10).to_frame("score")


def test_honest_strong_scores_of_small_tables_are_asked_about_and_not_taken_away():
    leaks = []
    for seed in range(40):
        classes = labels(100 + 5 * seed, 0.5, seed)
        leaks += find_leaks(score_of(classes, seed), classes)
    assert len(leaks) >= 5  # what is asked about
    assert sum(leak.is_sure for leak in leaks) <= 1


@pytest.mark.parametrize("share", [0.06, 0.1, 0.2])
@pytest.mark.parametrize("rest", ["missing", "one level", "other levels"])
def test_a_label_copied_into_some_rows_is_found(share, rest):
    classes = labels(4000, 0.3)
    rng = np.random.default_rng(2)
    others = {"missing": None, "one level": "no", "other levels": rng.choice(["back", "arm", "leg"], 4000)}[
        rest
    ]
    copied = rng.random(4000) < share
    column = pd.Series(np.where(copied, classes.map({0: "nevus", 1: "mel"}), others))
    (leak,) = find_leaks(column.to_frame("note"), classes)
    assert leak.kind in {"copy", "filled", "levels"}
    shuffled = column.sample(frac=1, random_state=0, ignore_index=True)
    assert found(shuffled.to_frame("note"), classes) == {}


def remarks_of(benign, malignant):
    """A table of 200 rows, 60 malignant, in few of which somebody noted what was to be done."""
    classes = pd.Series(np.repeat([0, 1], [140, 60]))
    column = pd.Series([None] * 200, dtype="object")
    column[:benign], column[140 : 140 + malignant] = "ok", "refer"
    return column.to_frame("remark"), classes


def test_a_label_copied_into_very_few_rows_is_asked_about():
    table, classes = remarks_of(11, 4)
    (leak,) = find_leaks(table, classes)
    assert (leak.kind, leak.is_sure) == ("copy", False)
    assert "in 7.5% of the rows, where its levels determine the class: ok, refer" in leak.reason
    table.loc[0, "remark"] = "refer"  # one mixed level, and chance may do the same
    assert find_leaks(table, classes) == []


@pytest.mark.parametrize("numbers", [(4, 3), (8, 1), (2, 2)])
def test_so_few_rows_that_chance_determines_the_class_say_nothing(numbers):
    assert find_leaks(*remarks_of(*numbers)) == []


def test_melanomas_entered_in_one_month_are_found():
    classes = labels(positives=0.2)
    days = np.random.default_rng(3).integers(0, 700, N)
    days[classes == 1] %= 30
    for written in ("%Y-%m-%d", "%d.%m.%Y"):
        entered = (pd.Timestamp("2019-01-01") + pd.to_timedelta(days, unit="D")).strftime(written)
        (leak,) = find_leaks(pd.DataFrame({"entered": entered}), classes)
        assert "in periods of one class only: from 20" in leak.reason
    assert (
        found(pd.DataFrame({"entered": entered}).sample(frac=1, ignore_index=True, random_state=0), classes)
        == {}
    )


def test_benign_levels_say_nothing_where_malignant_is_rare():
    classes = labels(5000, 0.01)
    site = pd.Series(np.random.default_rng(1).choice([f"s{i}" for i in range(60)], 5000))
    assert found(site.to_frame("site"), classes) == {}


@pytest.mark.parametrize("kind", ["prefix", "suffix"])
def test_tokens_of_image_names_are_found(kind):
    classes = labels()
    token = classes.map({0: "oth", 1: "mel"})
    number = [f"{number:05d}" for number in range(N)]
    names = (
        token + "_" + number + ".jpg" if kind == "prefix" else "x_" + pd.Series(number) + "_" + token + ".JPG"
    )
    leak = find_leaks(names.to_frame("image"), classes)[0]
    assert (leak.kind, leak.share) == (kind, 1.0)
    assert "mel (" in leak.reason
    assert found(pd.DataFrame({"image": "x_" + pd.Series(number) + ".jpg"}), classes) == {}


def test_a_folder_named_after_the_class_is_found():
    classes = labels()
    paths = classes.map({0: "benign", 1: "malignant"}) + "/" + pd.Series([f"{i}.png" for i in range(N)])
    assert found(paths.to_frame("path"), classes) == {"path": "prefix"}


def test_a_copy_is_found_in_a_small_table():
    classes = labels(60, 0.4)
    column = classes.map({0: 7, 1: 3}).to_frame("code")
    assert found(column, classes) == {"code": "copy"}
    shuffled = column.sample(frac=1, random_state=0).reset_index(drop=True)
    assert found(shuffled, classes) == {}


def test_columns_with_hardly_any_value_are_set_aside():
    classes = labels()
    once = pd.Series([None] * N, dtype="object")
    once[int(np.flatnonzero(classes)[0])] = "ulcer"
    mixed = pd.Series([None] * N, dtype="object")
    mixed[:10] = "seen"
    table = pd.DataFrame({"empty": [None] * N, "same": ["x"] * N, "once": once, "mixed": mixed})
    assert found(table, classes) == {"empty": "constant", "same": "constant", "once": "sparse"}


def test_the_target_is_skipped_and_rows_without_a_label_are_left_out():
    classes = labels().astype("Float64")
    column = pd.Series(np.where(classes == 1, "yes", "no"))
    column[:50] = column[:50].map({"yes": "no", "no": "yes"})
    classes[:50] = pd.NA
    assert found(column.to_frame("dx"), classes) == {"dx": "levels"}
    assert found(column.to_frame("dx"), classes, skip=["dx"]) == {}


def asked_of_biopsied(classes, seed=1):
    """Columns that only biopsied cases have: all of one class and some of the other."""
    rng = np.random.default_rng(seed)
    n = len(classes)
    biopsied = pd.Series((classes == 1) | (rng.random(n) < 0.3))
    columns = {
        "smoke": pd.Series(rng.choice(["yes", "no"], n)),
        "diameter": pd.Series(rng.gamma(3.0, 2.0, n).round(1)),
        "usual": pd.Series(rng.choice(["yes", "no"], n, p=[0.9, 0.1])),
    }
    return pd.DataFrame({name: values.where(biopsied) for name, values in columns.items()}), biopsied


@pytest.mark.parametrize("positives", [0.1, 0.3, 0.6])
def test_absence_that_gives_the_class_away_is_no_leak_of_the_values(positives):
    classes = labels(positives=positives)
    table, biopsied = asked_of_biopsied(classes)
    assert found(table, classes) == {}
    assert set(found(biopsied.astype(str).to_frame("biopsied"), classes)) == {"biopsied"}


def test_presence_that_gives_the_class_away_is_a_leak_however_many_rows_have_it():
    classes = labels(positives=0.7)
    values = pd.Series(np.random.default_rng(0).choice(list("abc"), N)).where(classes == 1)
    assert set(found(values.to_frame("stage"), classes).values()) <= {"filled", "levels", "copy"}
    assert list(found(values.to_frame("stage"), classes)) == ["stage"]


def test_values_are_compared_among_the_rows_that_have_one():
    classes = labels(positives=0.5)
    rng = np.random.default_rng(1)
    present = (classes == 1) | (rng.random(N) < 0.05)  # 95 % of those present are of class 1
    values = pd.Series(rng.choice(list("abcdefghij"), N)).where(present)
    assert found(values.to_frame("region"), classes) == {}
    mixed = pd.Series(rng.choice(list("abcdefghij"), N)).where((classes == 1) | (rng.random(N) < 0.5))
    told = mixed.where((classes == 1) | mixed.isna(), "b")  # all other levels are pure
    assert found(mixed.to_frame("region"), classes) == {}
    assert found(told.to_frame("region"), classes) == {"region": "levels"}


def test_words_for_missing_are_missing():
    classes = labels()
    table, _ = asked_of_biopsied(classes)
    assert found(table.astype("str").fillna("not recorded"), classes) == {}


@pytest.mark.parametrize("classes", [[], [1, 1, 1]])
def test_without_two_classes_nothing_is_given_away(classes):
    assert find_leaks(pd.DataFrame({"a": classes}), pd.Series(classes, dtype="float64")) == []


def test_a_reason_names_what_was_seen():
    classes = labels()
    leaks = {leak.column: leak for leak in find_leaks(made_with_knowledge(classes), classes)}
    assert "are not missing, and give class 1 away: 0 are of another class" in leaks["thickness"].reason
    assert (
        "the target under another name: its 2 levels" in leaks["twin"].reason
        or "harmless (" in leaks["twin"].reason
    )


def test_a_large_table_takes_no_time():
    classes = labels(17_000)
    table = pd.concat([honest(classes, seed).add_suffix(str(seed)) for seed in range(3)], axis=1)
    started = time.process_time()
    find_leaks(table, classes)
    assert time.process_time() - started < 10  # one of all pairs would take minutes


def real_table(name):
    folder = os.environ.get("AUTOML_SKIN_DATA")
    if folder is None:
        pytest.skip("AUTOML_SKIN_DATA does not say where the tables are")
    return read_table(Path(folder) / name)


CODINGS = ["raw", "-1", "nan"]


def as_coded(table, coding):
    if coding == "raw":
        return table
    return coded(table, missing=-1 if coding == "-1" else np.nan)


@pytest.mark.real
@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("target", ["malignant", "melanoma", "seven classes"])
def test_ham10000(target, coding):
    table = real_table("ham10000/metadata.csv")
    positive = {"malignant": ["mel", "bcc", "akiec"], "melanoma": ["mel"]}.get(target)
    classes = table["dx"] if positive is None else table["dx"].isin(positive).astype(int)
    columns = as_coded(table.drop(columns=["lesion_id", "image_id", "dx"]), coding)
    assert list(found(columns, classes, table["dx"])) == ["dx_type"]


@pytest.mark.real
@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("part", ["train", "valid", "both"])
def test_isic_dicm_17k(part, coding):
    names = ["train", "valid"] if part == "both" else [part]
    tables = [real_table(f"isic-dicm-17k/{name}-set-metadata.csv") for name in names]
    table = pd.concat(tables, ignore_index=True)
    classes = table["class"].astype(int)
    assert found(table[["image"]], classes) == {"image": "suffix"}
    columns = as_coded(table.drop(columns=["image", "isic_id", "patient_id", "lesion_id", "class"]), coding)
    quarantined = set(found(columns, classes))
    leaks = "benign_malignant diagnosis diagnosis_confirm_type mel_class mel_type mel_ulcer mel_mitotic_index"
    assert {*leaks.split(), "mel_thick_mm", "nevus_type"} <= quarantined
    ordinary = "sex age_approx anatom_site_general clin_size_long_diam_mm personal_hx_mm family_hx_mm year"
    assert not quarantined & set(ordinary.split())


def test_numbers_that_are_read_as_text_are_cut_into_ranges():
    labels = pd.Series(["mel"] * 1200 + ["nv"] * 1200)
    text = pd.Series([str(value / 10) for value in range(2400)])
    (leak,) = find_leaks(pd.DataFrame({"x": text}), labels)
    assert leak.kind == "levels"
    assert "ranges of values" in leak.reason
