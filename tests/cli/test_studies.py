def test_lists_papers_what_ships_and_what_the_workspace_has(tiny, end_to_end):
    ended = end_to_end.command("studies", "--workspace", tiny.workspace.root)
    assert ended.code == 0, ended.errors
    said = ended.output + ended.errors
    papers, others = said.split("Other studies")
    assert "li_2020" in papers
    assert "MetaNet" in papers
    assert "HAM10000" in papers
    assert "li_2020" not in others
    assert "synthetic" in others
    assert "tiny" in others


def test_an_empty_workspace_has_what_ships(end_to_end, tmp_path):
    ended = end_to_end.command("studies", "--workspace", tmp_path)
    assert ended.code == 0, ended.errors
    assert "synthetic" in ended.output + ended.errors
    assert list(tmp_path.iterdir()) == []
