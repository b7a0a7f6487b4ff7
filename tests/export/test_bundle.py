import pickletools
import shutil

import pytest

from automl_skin.errors import IntegrityError, StorageError
from automl_skin.export import bundle as bundles
from automl_skin.export.bundle import SUMS, bundle_digest, read_facts, verify
from automl_skin.export.facts import FORMAT
from automl_skin.export.predictor import Predictor
from automl_skin.steps import export


@pytest.fixture
def copy(tiny, tmp_path):
    return shutil.copytree(tiny.bundle, tmp_path / "bundle")


def files_of(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_bundle_holds_every_kind_of_chain(tiny):
    configs = [chain.config for chain in Predictor.load(tiny.bundle).stack.chains.values()]
    assert {config.fusion for config in configs} >= {"image", "metadata", "rank", "concat"}


def test_no_file_is_a_pickle(tiny):
    for path in files_of(tiny.bundle):
        assert path.suffix not in {".pkl", ".pickle", ".joblib", ".pt", ".pth"}
        with pytest.raises(ValueError, match=r"."):  # its bytes are no program of pickle's machine
            list(pickletools.genops(path.read_bytes()))


@pytest.mark.parametrize("where", [0.0, 0.5, 1.0])
def test_one_changed_byte_in_any_file_is_found(copy, where):
    verify(copy)
    for path in files_of(copy):
        content = path.read_bytes()
        position = int(where * (len(content) - 1))
        path.write_bytes(content[:position] + bytes([content[position] ^ 0x20]) + content[position + 1 :])
        with pytest.raises(IntegrityError, match=r"export the bundle again|remove it"):
            verify(copy)
        path.write_bytes(content)
    verify(copy)


def test_every_bit_of_the_list_of_digests_counts(copy):
    path = copy / SUMS
    content = path.read_bytes()
    for position in range(0, len(content), len(content) // 12):
        for bit in (1, 0x80):
            path.write_bytes(content[:position] + bytes([content[position] ^ bit]) + content[position + 1 :])
            with pytest.raises(IntegrityError, match=r"export the bundle again|remove it"):
                verify(copy)


def test_shortened_list_of_digests_is_found(copy):
    content = (copy / SUMS).read_bytes()
    for end in (0, 1, 30, len(content) // 2, len(content) - 1):
        (copy / SUMS).write_bytes(content[:end])
        with pytest.raises(IntegrityError, match=r"export the bundle again|remove it"):
            verify(copy)


def test_every_missing_file_is_found(copy):
    for path in files_of(copy):
        content = path.read_bytes()
        path.unlink()
        with pytest.raises(IntegrityError, match=r"is missing|expected a bundle with SHA256SUMS"):
            Predictor.load(copy)
        path.write_bytes(content)


def test_strange_file_is_refused(copy):
    (copy / "chains" / "model.pkl").write_bytes(b"x")
    with pytest.raises(IntegrityError, match=r"got chains/model.pkl as well; remove it"):
        Predictor.load(copy)


def test_dangling_link_is_refused(copy):
    (copy / "link").symlink_to("nowhere")
    with pytest.raises(IntegrityError, match="got link"):
        verify(copy)


def test_folder_that_is_no_bundle_is_named(tmp_path):
    with pytest.raises(IntegrityError, match="give the folder that `automl-skin export` wrote"):
        Predictor.load(tmp_path)


def test_description_of_something_else_is_named(copy):
    (copy / "bundle.json").write_text(f'{{"format": {FORMAT}, "name": "of a web page"}}')
    with pytest.raises(IntegrityError, match=r"bundle\.json: BundleFacts\.study: field required"):
        read_facts(copy)


def test_digest_is_of_the_whole_bundle(tiny, copy):
    assert bundle_digest(copy) == bundle_digest(tiny.bundle)
    sums = copy / SUMS
    sums.write_text(sums.read_text().replace("0", "1", 1))
    assert bundle_digest(copy) != bundle_digest(tiny.bundle)


def test_other_peoples_folders_are_left_alone(tiny, tmp_path):
    folder = tmp_path / "website"
    folder.mkdir()
    (folder / "bundle.json").write_text("{}")
    with pytest.raises(StorageError, match="choose another folder"):
        export.export(tiny.study, folder)
    assert (folder / "bundle.json").read_text() == "{}"


def test_scores_beside_an_older_bundle_are_not_lost(tiny, copy):
    (copy / "scores.csv").write_text("precious")
    with pytest.raises(StorageError, match="move other files out"):
        export.export(tiny.study, copy)
    assert (copy / "scores.csv").read_text() == "precious"


def test_file_in_the_way_is_left_alone(tiny, tmp_path):
    (tmp_path / "bundle").write_text("mine")
    with pytest.raises(StorageError, match="choose another folder"):
        export.export(tiny.study, tmp_path / "bundle")


def test_older_bundle_is_replaced(tiny, copy):
    export.export(tiny.study, copy)
    verify(copy)
    assert [path.name for path in copy.parent.iterdir()] == ["bundle"]


def test_export_below_a_file_is_refused(tiny):
    with pytest.raises(StorageError, match="a part of the path is a file"):
        export.export(tiny.study, tiny.table / "bundle")


def test_failure_half_way_leaves_nothing_and_keeps_the_older_bundle(tiny, copy, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    before = bundle_digest(copy)
    monkeypatch.setattr(bundles, "save_network", full)
    for folder in (copy, copy.parent / "new"):
        with pytest.raises(StorageError, match="the disk is full"):
            export.export(tiny.study, folder)
    assert bundle_digest(copy) == before
    assert [path.name for path in copy.parent.iterdir()] == ["bundle"]


def test_what_a_killed_export_left_is_cleared_away(tiny, tmp_path):
    half = tmp_path / ".writing-bundle"
    half.mkdir()
    (half / "stack.json").write_text("{")
    export.export(tiny.study, tmp_path / "bundle")
    verify(tmp_path / "bundle")
    assert not half.exists()


def test_other_weights_than_measured_are_refused(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(bundles, "network_digest", lambda *_: "0" * 64)
    with pytest.raises(IntegrityError, match="expected the weights that the study measured"):
        export.export(tiny.study, tmp_path / "bundle")
    assert not (tmp_path / "bundle").exists()
