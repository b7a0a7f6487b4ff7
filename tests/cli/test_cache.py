import shutil


def test_cache_is_listed_and_pruned(tiny, end_to_end, tmp_path):
    cache = tmp_path / "cache"
    shutil.copytree(tiny.workspace.cache / "embeddings", cache / "embeddings")
    listed = end_to_end.command("cache", "list", "--cache-dir", cache)
    assert listed.code == 0, listed.errors
    assert "test_resnet.random" in listed.output
    pruned = end_to_end.command("cache", "prune", "--all", "--cache-dir", cache)
    assert pruned.code == 0, pruned.errors
    assert "Deleted 1 entries" in pruned.output
    assert "test_resnet" not in end_to_end.command("cache", "list", "--cache-dir", cache).output
