from dataclasses import replace

import numpy as np

from automl_skin.features.encoder import EncoderConfig
from automl_skin.search.objective import Bench, evaluate_fold, fit_fold


def test_a_fold_is_evaluated_from_the_folder(material, make_fitter, small_chain, tmp_path):
    material.write(tmp_path)
    bench = Bench(tmp_path, EncoderConfig(), 0)
    config = small_chain("late", "mlp", components=5)
    outcome = evaluate_fold(bench, config, 3)
    assert (outcome.held == make_fitter(material).fit(config, 3)[1]).all()
    assert outcome.seconds > 0
    assert (fit_fold(bench, config, 3)[1] == outcome.held).all()


def test_material_made_anew_in_the_same_folder_is_read_anew(material, small_chain, tmp_path):
    bench = Bench(tmp_path, EncoderConfig(), 0)
    material.write(tmp_path)
    before = evaluate_fold(bench, small_chain("metadata"), 0).held
    cases = material.cases.assign(target=np.roll(material.labels, 40))
    replace(material, cases=cases).write(tmp_path)
    assert (evaluate_fold(bench, small_chain("metadata"), 0).held != before).any()
