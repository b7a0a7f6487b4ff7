from automl_skin.papers.curation import report as published
from automl_skin.papers.curation.curate import curate
from automl_skin.papers.curation.report import compare, write_report
from automl_skin.papers.curation.rules import MEL, NON_MEL, CurationRules


def test_the_papers_tables_agree_with_themselves():
    malignant = published.TABLE_3["malignant"] + published.TABLE_3["indeterminate/malignant"]
    assert malignant == published.TABLE_3_SUBTOTALS[MEL]
    others = sum(published.TABLE_3.values()) - malignant
    assert others + published.TABLE_3_UNLABELLED == published.TABLE_3_SUBTOTALS[NON_MEL]
    assert sum(published.TABLE_3_SUBTOTALS.values()) == published.TABLE_3_TOTAL
    assert published.TABLE_3_TOTAL - published.TABLE_3_DUPLICATES == published.TABLE_3_REMAINING
    assert sum(published.TABLE_4["Curated19933, curated"]) == published.TABLE_3_REMAINING


def test_counts_stand_beside_the_papers(isic, as_given):
    table = isic(30, year=[2019.0] * 12 + [None] * 18)
    table.loc[table.index[20], "isic_id"] = "ISIC_0000001"
    table["class"] = (table["benign_malignant"] == "malignant").astype(int)
    rules = CurationRules(balance_within="year")
    material = as_given(table)
    curated = curate(material, rules)
    found = {one.what: one for one in compare(table, curated.ledger, rules)}
    assert found["table 3, malignant"].ours == 6
    assert found["table 3, records"].ours == 18
    assert found["table 3, duplicates"].ours == 1
    assert found["table 4, Curated19933, curated, MEL"].ours == 5
    assert found["table 4, Cassidy et al., balanced, MEL"].ours == 4
    assert found["table 4, ISIC-DICM-17K, MEL"].ours == 9
    agreeing = found["rows with the label of the published column 'class'"]
    assert agreeing.verdict == "agrees"
    assert found["table 3, malignant"].verdict == "-3,574"
    text = write_report(curated, tuple(found.values()))
    assert "| table 3, duplicates | 378 | 1 | -377 |  |" in text
    assert "all 18 rows, as there is no split" in text
