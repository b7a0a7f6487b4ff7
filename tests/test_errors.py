import inspect
import re

import pytest

from automl_skin import errors

CLASSES = {
    name: kind
    for name, kind in inspect.getmembers(errors, inspect.isclass)
    if kind.__module__ == errors.__name__
}


def drawn_tree():
    """Read the parent of each class from the drawing in the module's docstring."""
    assert errors.__doc__
    parents, path = {}, {}
    for line in errors.__doc__.splitlines():
        found = re.match(r"    ([│├└─ ]*)([A-Z]\w+Error)\b", line)
        if found:
            depth = len(found[1]) // 4
            path[depth] = found[2]
            parents[found[2]] = path.get(depth - 1, "Exception") if depth else "Exception"
    return parents


def test_the_tree_is_as_drawn():
    assert drawn_tree() == {name: kind.__base__.__name__ for name, kind in CLASSES.items()}


@pytest.mark.parametrize("name", CLASSES)
def test_every_error_keeps_its_message(name):
    message = "what must hold, what was found, what to do"
    with pytest.raises(errors.AutomlSkinError, match=message):
        raise CLASSES[name](message)
