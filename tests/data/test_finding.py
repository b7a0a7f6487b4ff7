import pandas as pd

from automl_skin.data.finding import Finding, some


def test_a_finding_reads_as_a_line():
    finding = Finding("missingness", "sex", "missing in 60% of the cases", 6, ("a", "b"))
    assert str(finding) == "[missingness] sex: missing in 60% of the cases (a; b)"
    assert str(Finding("damaged", None, "1 image")) == "[damaged] 1 image"


def test_some_are_few():
    assert some(pd.Index(list("abcdefgh"))) == tuple("abcde")
