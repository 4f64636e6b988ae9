"""One spelling for one content."""

from survey_app.services.door.content import canonical


def test_canonical_json_does_not_depend_on_order_or_composition():
    assert canonical({"b": "e\u0301", "a": [1, {"d": 1, "c": 2}]}) == (
        '{"a":[1,{"c":2,"d":1}],"b":"é"}'
    )


def test_names_are_sorted_after_they_are_composed():
    spread = {"e\u0301": 1, "f": 2}

    assert canonical(spread) == canonical({"é": 1, "f": 2}) == '{"f":2,"é":1}'
