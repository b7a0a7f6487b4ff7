from automl_skin.steps.events import Progressed, Said, start_progress, tell_all


def test_everything_is_passed_on_in_the_listeners_order():
    heard = []
    both = tell_all(
        lambda event: heard.append(("first", event)), lambda event: heard.append(("second", event))
    )
    both(Said("news"))
    assert heard == [("first", Said("news")), ("second", Said("news"))]


def test_progress_begins_without_a_total():
    heard = []
    update = start_progress(heard.append, "embedding")
    update(3, 5)
    assert heard == [Progressed("embedding", 0, None), Progressed("embedding", 3, 5)]
