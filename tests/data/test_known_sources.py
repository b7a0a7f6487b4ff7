"""Made-up rows in the form in which known sources are published, read as a study reads them."""

import pytest

from automl_skin.data.labels import read_labelled
from automl_skin.data.manifest import ManifestOptions, build_manifest

MONET = (
    "MONET_ulceration_crust,MONET_hair,MONET_vasculature_vessels,MONET_erythema,MONET_pigmented,"
    "MONET_gel_water_drop_fluid_dermoscopy_liquid,MONET_skin_markings_pen_ink_purple_pen"
)
CLOSE, DERM = "clinical-close-up", "dermoscopic"


@pytest.fixture
def understand(tmp_path):
    """Understand a table that is given as text, with labels if there are any; no photograph is there."""

    def read(text, target="", labels=None, **options):
        (tmp_path / "table.csv").write_text(text)
        path = None
        if labels is not None:
            path = tmp_path / "labels.csv"
            path.write_text(labels)
        given = read_labelled([tmp_path / "table.csv"], path, target)
        (tmp_path / "photographs").mkdir(exist_ok=True)
        asked = ManifestOptions(target=given.target or None, allow_missing=True, **options)
        return build_manifest(given.table, tmp_path / "photographs", asked)

    return read


def test_milk10k_is_pairs_with_labels_of_their_own(understand):
    head = "lesion_id,image_type,isic_id,attribution,copyright_license,image_manipulation,age_approx,sex,"
    head += f"skin_tone_class,site,{MONET}"
    rows = [
        f"IL_{lesion},{kind},ISIC_{lesion}{number},MILK study team,CC-BY-NC,altered,{50 + 5 * lesion},male,{lesion},"
        "trunk," + ",".join(f"0.{lesion}{number}{field}" for field in range(7))
        for lesion in (1, 2, 3)
        for number, kind in enumerate(("clinical: close-up", "dermoscopic"))
    ]
    truth = "lesion_id,AKIEC,BCC,BEN_OTH,BKL,DF,INF,MAL_OTH,MEL,NV,SCCKA,VASC\n"
    truth += (
        "IL_1,0.0,0.0,0.0,0.0,0.0,0.0,0.0,1.0,0.0,0.0,0.0\nIL_2,0.0,0.0,0.0,0.0,0.0,1.0,0.0,0.0,0.0,0.0,0.0\n"
    )
    truth += "IL_3,0.0,1.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0\n"
    manifest = understand("\n".join([head, *rows]), labels=truth)
    assert manifest.roles.table == "MILK10k"
    assert manifest.target.classes == ("BCC", "INF", "MEL")  # INF is a word
    assert manifest.cases["diagnosis"].tolist() == ["MEL", "INF", "BCC"]
    assert manifest.cases.index.tolist() == ["IL_1", "IL_2", "IL_3"]
    assert manifest.cases["lesion"].tolist() == ["IL_1", "IL_2", "IL_3"]
    assert manifest.images["role"].tolist() == [CLOSE, DERM] * 3
    assert manifest.kinds["skin_tone_class"] == "number"
    assert {name for name in manifest.kinds if "@" in name} == {
        f"{name}@{kind}" for name in MONET.split(",") for kind in (CLOSE, DERM)
    }
    assert manifest.metadata[f"MONET_hair@{CLOSE}"].tolist() == [0.101, 0.201, 0.301]
    assert manifest.metadata[f"MONET_hair@{DERM}"].tolist() == [0.111, 0.211, 0.311]
    assert {"attribution", "copyright_license", "image_manipulation"} <= set(manifest.roles.ignored)


def test_derm7pt_has_two_photographs_in_a_row(understand):
    text = (
        "case_num,diagnosis,seven_point_score,pigment_network,streaks,pigmentation,regression_structures,"
        "dots_and_globules,blue_whitish_veil,vascular_structures,level_of_diagnostic_difficulty,elevation,location,sex,"
        "management,clinic,derm,case_id,notes\n"
        "1,basal cell carcinoma,0,absent,absent,absent,absent,absent,absent,absent,medium,nodular,abdomen,female,"
        "excision,NEL/NEL025.JPG,NEL/NEL027.JPG,A-1,\n"
        "2,melanoma (in situ),5,atypical,irregular,absent,absent,irregular,present,absent,low,flat,back,male,excision,"
        "NEL/NEL028.JPG,NEL/NEL030.JPG,A-2,x\n"
        "3,clark nevus,1,typical,absent,absent,absent,regular,absent,absent,low,flat,back,male,"
        "no further examination,NEL/NEL031.JPG,,A-3,\n"
    )
    manifest = understand(text, "diagnosis")
    assert manifest.roles.table == "derm7pt"
    assert manifest.cases.index.tolist() == ["1", "2", "3"]
    assert manifest.images["role"].tolist() == [
        "clinical",
        "dermoscopic",
        "clinical",
        "dermoscopic",
        "clinical",
    ]
    assert manifest.images["given"].tolist()[:2] == ["NEL/NEL025.JPG", "NEL/NEL027.JPG"]
    assert manifest.kinds == {"elevation": "category", "location": "category", "sex": "category"}
    for column in ("management", "level_of_diagnostic_difficulty", "notes"):
        assert manifest.roles.reasons[column] == "known only with the diagnosis"
    assert "a reader's score" in manifest.roles.reasons["pigment_network"]


def test_scin_has_up_to_three_photographs_own_words_for_missing_and_boxes(understand):
    text = (
        "case_id,source,release,year,age_group,sex_at_birth,fitzpatrick_skin_type,textures_flat,body_parts_arm,"
        "condition_symptoms_itching,related_category,condition_duration,image_1_path,image_2_path,image_3_path,"
        "image_1_shot_type,image_2_shot_type,image_3_shot_type\n"
        "-1,SCIN,1.0.0,2023,AGE_18_TO_29,FEMALE,FST3,YES,,YES,RASH,ONE_DAY,dataset/images/-1.png,dataset/images/-2.png,"
        ",CLOSE_UP,AT_DISTANCE,\n"
        "-3,SCIN,1.0.0,2023,AGE_UNKNOWN,MALE,NONE_SELECTED,,YES,,RASH,UNKNOWN,dataset/images/-3.png,,,CLOSE_UP,,\n"
        "-4,SCIN,1.0.0,2023,AGE_30_TO_39,OTHER_OR_UNSPECIFIED,FST1,,,,OTHER_ISSUE_DESCRIPTION,ONE_DAY,"
        "dataset/images/-4.png,dataset/images/-5.png,dataset/images/-6.png,CLOSE_UP,CLOSE_UP,AT_AN_ANGLE\n"
    )
    manifest = understand(text, labels="case_id,eczema\n-1,yes\n-3,no\n-4,no\n")
    assert manifest.roles.table == "SCIN"
    assert manifest.cases.index.tolist() == ["-1", "-3", "-4"]
    assert manifest.cases["label"].tolist() == [1, 0, 0]
    assert manifest.images["role"].tolist() == [
        *("close_up", "at_distance", "close_up"),
        *("close_up", "close_up", "at_an_angle"),
    ]
    assert manifest.metadata["age_group"].isna().tolist() == [False, True, False]
    assert manifest.metadata["sex_at_birth"].isna().tolist() == [False, False, True]
    assert manifest.metadata["textures_flat"].tolist() == ["YES", "NO", "NO"]
    assert manifest.metadata["body_parts_arm"].tolist() == ["NO", "YES", "NO"]
    assert {"release", "year"} <= set(manifest.roles.ignored)


def test_pad_ufes_20_is_photographs_of_lesions_and_biopsy_tells_the_class(understand):
    text = (
        "patient_id,lesion_id,smoke,drink,background_father,background_mother,age,pesticide,gender,skin_cancer_history,"
        "cancer_history,has_piped_water,has_sewage_system,fitspatrick,region,diameter_1,diameter_2,diagnostic,itch,grew,"
        "hurt,changed,bleed,elevation,img_id,biopsed\n"
        "PAT_1,10,,,,,55,,,,,,,,ARM,,,ACK,True,UNK,False,False,False,True,PAT_1_10_1.png,False\n"
        "PAT_1,10,,,,,55,,,,,,,,ARM,,,ACK,True,UNK,False,False,False,True,PAT_1_10_2.png,False\n"
        "PAT_2,11,True,False,POMERANIA,BRAZIL,79,False,FEMALE,True,True,True,True,2.0,FACE,8.0,5.0,BCC,False,True,False,"
        "UNK,True,False,PAT_2_11_3.png,True\n"
        "PAT_3,12,True,False,POMERANIA,BRAZIL,50,False,MALE,True,True,True,True,3.0,FACE,9.0,6.0,BCC,False,False,False,"
        "UNK,True,False,PAT_3_12_4.png,True\n"
    )
    manifest = understand(text, "diagnostic", positive=("BCC",))
    assert manifest.roles.table == "PAD-UFES-20"
    assert (manifest.roles.case, manifest.roles.patient, manifest.roles.lesion) == (
        None,
        "patient_id",
        "lesion_id",
    )
    assert manifest.metadata["grew"].isna().tolist() == [True, True, False, False]
    assert "biopsed" not in manifest.kinds


def test_mra_midas_is_one_case_per_record_where_each_distance_was_taken_once(understand):
    head = (
        "midas_record_id,midas_file_name,midas_iscontrol,midas_distance,midas_location,midas_path,midas_pathreport,"
        "midas_gender,midas_age,midas_fitzpatrick,midas_melanoma,midas_ethnicity,midas_race,clinical_impression_1,"
        "clinical_impression_2,clinical_impression_3,length_(mm),width_(mm)\n"
    )
    rows = [
        f"{record},s-prd-{record}{number}.jpg,no,{distance},right arm,{path},text of a report that says it,female,"
        f"{60 + record},ii fair skin,no,no,white,1-a,,,{5 + record},4\n"
        for record, path in ((1, "malignant- bcc"), (2, "benign- melanocytic nevus"))
        for number, distance in enumerate(("6in", "1ft", "dscope"))
    ]
    manifest = understand(head + "".join(rows), "midas_path", positive=("malignant- bcc",))
    assert manifest.roles.table == "MRA-MIDAS"
    assert manifest.cases.index.tolist() == ["1", "2"]
    assert manifest.images["role"].tolist() == ["6in", "1ft", "dscope"] * 2
    assert dict(manifest.kinds) == {"midas_age": "number", "length_(mm)": "number"}
    assert manifest.roles.reasons["midas_pathreport"] == "known only with the diagnosis"
    assert manifest.roles.reasons["clinical_impression_1"] == "a reader's diagnosis"
    control = rows[0].replace("s-prd-10", "s-prd-19")
    several = understand(head + "".join([*rows, control]), "midas_path", positive=("malignant- bcc",))
    assert several.roles.case is None
    assert several.cases["patient"].tolist() == ["1", "1", "1", "2", "2", "2", "1"]
    assert any("several photographs of one kind" in finding.text for finding in several.findings)


def test_bcn20000_keeps_its_split_and_dates_from_the_model(understand):
    text = (
        "bcn_filename,age_approx,anatom_site_general,diagnosis,lesion_id,capture_date,sex,split\n"
        "BCN_1.jpg,55.0,anterior torso,MEL,BCN_10,2012-05-16,male,train\n"
        "BCN_2.jpg,55.0,anterior torso,MEL,BCN_10,2012-05-16,male,train\n"
        "BCN_3.jpg,40.0,head/neck,NV,BCN_11,2013-06-17,female,test\n"
    )
    manifest = understand(text, "diagnosis", positive=("MEL",))
    assert manifest.roles.table == "BCN20000"
    assert manifest.cases["lesion"].tolist() == ["BCN_10", "BCN_10", "BCN_11"]
    assert set(manifest.kinds) == {"age_approx", "anatom_site_general", "sex"}
    assert manifest.roles.reasons["split"].startswith("the published split")


def test_ddi_and_fitzpatrick17k_keep_their_other_diagnoses_from_the_model(understand):
    ddi = "DDI_ID,DDI_file,skin_tone,malignant,disease\n1,000001.png,56,True,melanoma\n2,000002.png,12,False,nevus\n"
    manifest = understand(ddi, "malignant")
    assert (manifest.roles.table, manifest.roles.image) == ("DDI", "DDI_file")
    assert dict(manifest.kinds) == {"skin_tone": "category"}
    assert manifest.roles.reasons["disease"] == "known only with the diagnosis"

    groh = (
        "md5hash,fitzpatrick_scale,fitzpatrick_centaur,label,nine_partition_label,three_partition_label,qc,url,"
        "url_alphanum\n"
        "5e82a45bc5d7,3,3,drug induced pigmentary changes,inflammatory,non-neoplastic,,https://a.org/drug.jpg,drugjpg\n"
        "fa2911a9b13b,-1,1,melanoma,malignant melanoma,malignant,1 Diagnostic,https://a.org/mel.jpg,meljpg\n"
        "1b2c,5,4,nevus,benign melanocyte,benign,,https://a.org/nevus.jpg,nevusjpg\n"
    )
    manifest = understand(groh, "three_partition_label", positive=("malignant",))
    assert (manifest.roles.table, manifest.roles.image) == ("Fitzpatrick17k", "md5hash")
    assert dict(manifest.kinds) == {"fitzpatrick_scale": "number", "fitzpatrick_centaur": "number"}
    assert manifest.metadata["fitzpatrick_scale"].isna().tolist() == [False, True, False]
    assert {"label", "nine_partition_label", "qc", "url", "url_alphanum"} <= set(manifest.roles.ignored)


def test_isic_2024_keeps_what_is_known_with_the_diagnosis_from_the_model(understand):
    text = (
        "isic_id,target,patient_id,age_approx,sex,anatom_site_general,clin_size_long_diam_mm,image_type,tbp_tile_type,"
        "tbp_lv_A,tbp_lv_areaMM2,tbp_lv_location,tbp_lv_x,attribution,copyright_license,lesion_id,iddx_full,iddx_1,"
        "mel_mitotic_index,mel_thick_mm,tbp_lv_dnn_lesion_confidence\n"
        "ISIC_1,0,IP_1,60.0,male,lower extremity,3.04,TBP tile: close-up,3D: white,20.2,3.15,Right Leg - Upper,-182.7,"
        "Memorial,CC-BY,,Benign,Benign,,,97.5\n"
        "ISIC_2,1,IP_2,65.0,female,head/neck,1.1,TBP tile: close-up,3D: XP,31.7,0.92,Head & Neck,-0.07,Barcelona,CC-BY,"
        "IL_5,Malignant::BCC,Malignant,,,3.1\n"
    )
    manifest = understand(text, "target")
    assert manifest.roles.table == "ISIC 2024"
    assert (manifest.roles.patient, manifest.roles.source, manifest.roles.case) == (
        "patient_id",
        "attribution",
        None,
    )
    assert {"tbp_lv_A", "tbp_lv_areaMM2", "tbp_lv_location", "tbp_lv_x", "sex"} <= set(manifest.kinds)
    for column in ("iddx_full", "iddx_1", "tbp_lv_dnn_lesion_confidence"):
        assert "known only with the diagnosis" in manifest.roles.reasons[column]
