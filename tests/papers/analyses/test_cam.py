from automl_skin.papers.analyses.cam import cam, choose_cases


def test_half_is_found_by_both_and_half_by_the_second_alone(context):
    made = context()
    cases, told = choose_cases(made, "chance", "good", 6)
    rows = made.material.cases.index.get_indexer(cases)
    right = {name: made.probabilities(name).argmax(axis=1) == made.labels for name in ("chance", "good")}
    assert right["good"][rows].all()
    assert right["chance"][rows].tolist() == [True] * 3 + [False] * 3
    assert made.material.inputs.has_image[rows].all()
    assert (
        f"{(right['good'] & ~right['chance'] & made.material.inputs.has_image).sum()} by the second alone"
        in told
    )
    assert choose_cases(made, "chance", "good", 6) == (cases, told)


def test_without_a_model_it_says_so(context):
    section = cam(context(), cells={"absent": "no weights", "good": "good"})
    assert "Not drawn" in section.markdown
    assert section.pictures == ()
