from automl_skin.evaluation.card_facts import CardData, CardPlan, CardSearch


def test_what_is_not_said_is_empty():
    data = CardData(10, 12, 8, 2, {"a": 4, "b": 6})
    assert data.sources == ()
    assert data.missing == data.quarantined == {}
    assert CardPlan("abc", 5).crossing_share == 0
    assert CardSearch(3, "greedy").best is None
