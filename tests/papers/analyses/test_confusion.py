import pytest
from PIL import Image

from automl_skin.papers.analyses.confusion import confusion


@pytest.mark.parametrize("locked", [False, True])
def test_a_matrix_a_cell(context, locked):
    section = confusion(
        context(), {"cells": {"good": "Image"}, "locked": locked, "note": "The paper's figure 5."}
    )
    assert section.markdown.startswith("The paper's figure 5.")
    assert ("mean number of cases" in section.markdown) == locked
    Image.open(section.pictures[0]).verify()
