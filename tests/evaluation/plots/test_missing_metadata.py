from automl_skin.evaluation.missing_metadata import SHARES, MissingMetadata
from automl_skin.evaluation.plots.missing_metadata import missing_metadata_plot
from automl_skin.metrics.intervals import Interval


def test_picture_and_words(opened):
    models = {"stack": (0.0, -0.01, -0.02, -0.03, -0.05), "image alone": (0.0,) * 5}
    figures = MissingMetadata(100, SHARES, models, Interval(-0.05, -0.08, -0.01), "d1gest", inside=True)
    opened(missing_metadata_plot(figures))
    first, second = figures.sentences()
    assert "-0.050 (-0.080 to -0.010)" in first
    assert "takes metadata itself" in second
