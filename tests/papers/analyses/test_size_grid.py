import numpy as np
from PIL import Image

from automl_skin.metrics.ranking import average_precision
from automl_skin.papers.analyses.size_grid import size_grid


def test_folds_of_all_cells_of_a_size_are_averaged(context):
    made = context()
    sizes = {"0": ["chance"], "2x1024": ["good", "chance"], "1x512": ["good", "absent"]}
    section = size_grid(made, {"sizes": sizes, "metrics": ["average_precision"]})
    mean = np.mean([average_precision(*part) for name in sizes["2x1024"] for part in made.parts(name)])
    assert f"| 2 x 1024 | {mean:.3f} ±" in section.markdown
    assert "| none | 0." in section.markdown
    assert "Not shown: 1 x 512." in section.markdown
    Image.open(section.pictures[0]).verify()


def test_nothing_is_drawn_where_no_size_is_whole(context):
    assert size_grid(context(), {"sizes": {"1x512": ["absent"]}}).pictures == ()
