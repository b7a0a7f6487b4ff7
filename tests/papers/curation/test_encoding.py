from automl_skin.papers.curation.encoding import SITES, encode
from automl_skin.papers.curation.rules import CurationRules


def test_sex_age_and_one_column_a_site(isic):
    table = isic(3, anatom_site_general=["torso", "unknown", "elbow"])
    features = encode(table, CurationRules())
    assert features["sex"].tolist() == [1, 0, 1]
    assert features["age_approx"].tolist() == table["age_approx"].tolist()
    sites = features.filter(regex="^site_")
    assert sites.shape == (3, len(SITES) + 1)
    assert sites.sum(axis=1).tolist() == [1, 1, 1]
    assert sites["site_elbow"].tolist() == [0, 0, 1]
