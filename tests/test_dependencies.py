"""What the package imports is what it declares: nothing else, and nothing that came along with another."""

import ast
import re
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
UNDECLARED_BY_OTHERS = {"pyopenssl"}  # model-signing 1.1.1 imports it
NAMED_OTHERWISE = {"PIL": "pillow", "cv2": "opencv-python-headless", "sklearn": "scikit-learn"}


def imported(folder):
    """Return the distributions that the Python files of a folder import."""
    modules = set()
    for path in (ROOT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                modules |= {name.name.partition(".")[0] for name in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                modules.add(str(node.module).partition(".")[0])
    outside = modules - sys.stdlib_module_names - {"automl_skin"}
    return {NAMED_OTHERWISE.get(name, name.replace("_", "-")) for name in outside}


def declared(lines):
    return {re.match(r"[\w-]+", line).group() for line in lines}


def test_the_package_declares_what_it_imports_and_no_more():
    extras = PROJECT["optional-dependencies"]
    optional = [line for name in extras if name not in {"test", "dev"} for line in extras[name]]
    declares = declared([*PROJECT["dependencies"], *optional]) - UNDECLARED_BY_OTHERS
    assert imported("automl_skin") == declares


@pytest.mark.parametrize("extra", PROJECT["optional-dependencies"])
def test_every_requirement_has_a_lower_bound(extra):
    lines = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"][extra]]
    assert [line for line in lines if ">=" not in line and not line.startswith("automl-skin[")] == []


def test_the_tests_need_only_what_their_extra_brings():
    extras = PROJECT["optional-dependencies"]
    lines = [*PROJECT["dependencies"], *extras["test"]]
    brought = [
        name
        for line in lines
        for names in re.findall(r"^automl-skin\[([\w,]+)\]", line)
        for name in names.split(",")
    ]
    available = declared([*lines, *(line for name in brought for line in extras[name])])
    helpers = {path.stem.replace("_", "-") for path in (ROOT / "tests").rglob("*.py")}
    assert imported("tests") - helpers <= available
