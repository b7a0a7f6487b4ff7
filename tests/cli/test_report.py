import pytest


@pytest.fixture
def report(tiny, end_to_end, tmp_path):
    def write(*flags, study="tiny"):
        page = tmp_path / "page.html"
        places = end_to_end.places(tiny.workspace)
        return page, end_to_end.command("report", "--study", study, "--output", page, *flags, *places)

    return write


def test_photographs_are_in_it_on_request_alone(report):
    page, done = report()
    assert done.code == 0, done.errors
    assert "data:image/jpeg" not in page.read_text(encoding="utf-8")
    page, done = report("--gallery")  # an earlier report may be written over
    assert done.code == 0, done.errors
    assert page.read_text(encoding="utf-8").count("data:image/jpeg") >= 2


def test_a_file_of_the_user_is_not_written_over(report):
    page, _ = report(study="none")
    page.write_text("<html>mine</html>", encoding="utf-8")
    _, done = report()
    assert done.code == 2
    assert "expected a new file or an earlier report" in done.errors
    assert page.read_text(encoding="utf-8") == "<html>mine</html>"
