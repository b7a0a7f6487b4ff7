from automl_skin.evaluation.decision_curve import decision_curve
from automl_skin.evaluation.plots.decision_curve import decision_plot


def test_picture(two, opened):
    curve = decision_curve(two[0], {"stack": two[1], "image alone": two[1] * 0.5, "full own": two[1]})
    opened(decision_plot(curve, {"stack", "image alone"}))
