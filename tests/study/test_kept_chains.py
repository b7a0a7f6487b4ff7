import shutil
from pathlib import Path

import pytest

from automl_skin.errors import IntegrityError
from automl_skin.settings import Workspace
from automl_skin.study.kept_chains import chain_folder, keep_chain, read_chain
from automl_skin.study.study import Study


@pytest.fixture
def kept(material, make_fitter, small_chain, tmp_path):
    """A study with one fitted chain of two heads."""
    study = Study("mine", tmp_path / "mine", None, Workspace.at(tmp_path, tmp_path / "cache"))
    chain, _ = make_fitter(material).fit(small_chain("late"), fold=0)
    keep_chain(chain, chain_folder(study, 3, 0))
    return study


def enlarge(path):
    path.write_bytes(path.read_bytes() + b" ")


@pytest.mark.parametrize("damage", [enlarge, Path.unlink])
def test_a_chain_of_which_a_file_was_changed_or_is_gone_is_refused(damage, kept):
    folder = chain_folder(kept, 3, 0)
    before = read_chain(kept, 3, 0)
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert len(files) > 4
    for path in files:
        if path.name == "digests.json" and damage is enlarge:
            continue  # a blank at its end changes nothing
        content = path.read_bytes()
        damage(path)
        with pytest.raises(IntegrityError, match=f"{path.name} (was changed|is missing).*delete the folder"):
            read_chain(kept, 3, 0)
        path.write_bytes(content)
    assert read_chain(kept, 3, 0).config == before.config


def test_a_file_that_was_added_and_digests_of_nothing_are_refused(kept):
    folder = chain_folder(kept, 3, 0)
    (folder / "branch-0" / "more.json").write_text("{}")
    with pytest.raises(IntegrityError, match=r"branch-0/more\.json is not listed"):
        read_chain(kept, 3, 0)
    (folder / "branch-0" / "more.json").unlink()
    (folder / "digests.json").write_text("{}")
    with pytest.raises(IntegrityError, match=r"digests\.json was changed"):
        read_chain(kept, 3, 0)


def test_a_chain_that_is_there_stays(kept, material, make_fitter, small_chain):
    folder = chain_folder(kept, 3, 0)
    other, _ = make_fitter(material).fit(small_chain("image"), fold=0)
    keep_chain(other, folder)
    assert read_chain(kept, 3, 0).config.fusion == "late"
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]
    shutil.rmtree(folder)
    keep_chain(other, folder)
    assert read_chain(kept, 3, 0).config.fusion == "image"
