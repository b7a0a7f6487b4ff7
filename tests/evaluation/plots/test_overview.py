import time

from automl_skin.evaluation.plots.overview import trial_overview


def test_four_panels_and_quick(two, many, opened):
    assert opened(trial_overview(*two, ["benign", "malignant"])).size == (880, 840)
    opened(trial_overview(*many, [f"n{k}" for k in range(7)]))
    start = time.process_time()
    trial_overview(*two, ["benign", "malignant"])
    assert time.process_time() - start < 1.5  # 0.3 s on an idle core
