def test_lists_what_ships_and_what_the_workspace_has(tiny, end_to_end):
    ended = end_to_end.command("studies", "--workspace", tiny.workspace.root)
    assert ended.code == 0, ended.errors
    said = ended.output + ended.errors
    assert "synthetic" in said
    assert "tiny" in said


def test_an_empty_workspace_has_the_built_in_study(end_to_end, tmp_path):
    ended = end_to_end.command("studies", "--workspace", tmp_path)
    assert ended.code == 0, ended.errors
    assert "synthetic" in ended.output + ended.errors
    assert list(tmp_path.iterdir()) == []
