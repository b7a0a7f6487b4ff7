"""The direction of imports, read from the sources: nothing is imported here but the standard library.

Imports inside functions count as well. Imports for type checkers only (``if TYPE_CHECKING:``) count for
the order of the rooms and not for what a stage loads. In the package's own ``__init__`` what stands in
functions is not loaded by importing the package, and does not count for what a stage loads.
"""

import ast
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

PACKAGE = "automl_skin"
FOLDER = Path(__file__).parent.parent / PACKAGE

ROOMS = [
    "version",
    "errors",
    "arrays",
    "seeding",
    "digests",
    "files",
    "settings",
    "records",
    "store",
    "workers",
    "metrics",
    "images",
    "data",
    "synthetic",
    "heads",
    "backbones",
    "networks",
    "embeddings",
    "features",
    "chains",
    "search",
    "stacking",
    "evaluation",
    "explain",
    "export",
    "scoring",
    "tracking",
    "study",
    "steps",
    "papers",
    "api",
    "cli",
]
RANKS = {room: rank for rank, room in enumerate(ROOMS)}
# `import automl_skin` offers the steps of api; the command line stands above it.
RANKS |= {"": RANKS["api"] + 0.5, "__main__": len(ROOMS)}
GROUND_FLOOR = ROOMS[: ROOMS.index("metrics")]

OWNERS = {"optuna": {"search"}, "mlflow": {"tracking"}, "typer": {"cli"}, "timm": {"backbones", "papers"}}
STAGE_ONE = (*GROUND_FLOOR, "images", "backbones", "networks", "embeddings")
NOT_IN_STAGE_ONE = {"optuna", "mlflow", "lightgbm", "xgboost", "catboost", "tabm", "rtdl_num_embeddings"}
SCORING = ("export", "scoring")
NOT_IN_SCORING = {"optuna", "mlflow"}


@dataclass(frozen=True)
class Import:
    """One imported name, `module` maybe being an object inside a module."""

    module: str
    line: int
    loaded: bool
    in_function: bool


class ImportFinder(ast.NodeVisitor):
    """Collect the imports of one module, wherever they stand."""

    def __init__(self, module: str, *, is_package: bool):
        self.package = module if is_package else module.rpartition(".")[0]
        self.found: list[Import] = []
        self.functions = 0
        self.type_checking = 0

    def add(self, module: str, line: int) -> None:
        self.found.append(Import(module, line, not self.type_checking, self.functions > 0))

    def visit_Import(self, node: ast.Import) -> None:
        for name in node.names:
            self.add(name.name, node.lineno)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        parts = self.package.split(".")
        above = parts[: len(parts) - node.level + 1] if node.level else []
        base = ".".join([*above, *([node.module] if node.module else [])])
        for name in node.names:
            self.add(f"{base}.{name.name}", node.lineno)

    def visit_Call(self, node: ast.Call) -> None:
        function = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if function in {"import_module", "__import__"} and node.args:
            argument = node.args[0]
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                self.add(argument.value, node.lineno)
        self.generic_visit(node)

    def visit_If(self, node: ast.If) -> None:
        only_types = "TYPE_CHECKING" in ast.dump(node.test)
        self.type_checking += only_types
        for child in node.body:
            self.visit(child)
        self.type_checking -= only_types
        for child in node.orelse:
            self.visit(child)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self.functions += 1
        self.generic_visit(node)
        self.functions -= 1

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815 - the name that ast looks for


def read_sources(folder: Path) -> dict[str, str]:
    """Return the text of every module below the package's folder, by dotted name, `__init__` named."""
    return {
        ".".join((PACKAGE, *path.relative_to(folder).with_suffix("").parts)): path.read_text(encoding="utf-8")
        for path in sorted(folder.rglob("*.py"))
    }


def find_imports(sources: Mapping[str, str]) -> dict[str, list[Import]]:
    """Return each module's imports; a package goes by its own name, without `__init__`."""
    imports = {}
    for name, text in sources.items():
        module = name.removesuffix(".__init__")
        finder = ImportFinder(module, is_package=name != module)
        finder.visit(ast.parse(text))
        imports[module] = finder.found
    return imports


def room_of(module: str) -> str:
    """Return the room of a dotted name inside the package; the package itself is ''."""
    return [*module.split("."), ""][1]


def is_ours(module: str) -> bool:
    return module == PACKAGE or module.startswith(PACKAGE + ".")


def wrong_directions(imports: Mapping[str, list[Import]]) -> list[str]:
    """Return one line an import that leads to the right, or from or to a room nobody knows."""
    wrong = [f"{module}: no room of the list" for module in imports if room_of(module) not in RANKS]
    for module, found in imports.items():
        here = room_of(module)
        for one in found:
            if not is_ours(one.module):
                continue
            there = room_of(one.module)
            if there not in RANKS and one.module.count(".") == 1:
                there = ""  # an object of the package's own __init__
            if there != here and RANKS.get(there, 99) >= RANKS.get(here, -1):
                wrong.append(f"{module}:{one.line}: {here or PACKAGE} imports {there or PACKAGE}")
    return wrong


def trespasses(imports: Mapping[str, list[Import]]) -> list[str]:
    """Return one line an import of a heavy library outside the room that owns it."""
    return [
        f"{module}:{one.line}: {library} belongs to {', '.join(sorted(OWNERS[library]))}"
        for module, found in imports.items()
        for one in found
        if room_of(module) not in OWNERS.get(library := one.module.split(".")[0], {room_of(module)})
    ]


def edges(module: str, imports: Mapping[str, list[Import]]) -> Iterator[str]:
    """Yield what running a module loads: names as imported, our modules resolved, with their packages."""
    parts = module.split(".")
    yield from (".".join(parts[:depth]) for depth in range(1, len(parts)))
    for one in imports[module]:
        if not one.loaded or (module == PACKAGE and one.in_function):
            continue
        if not is_ours(one.module):
            yield one.module
            continue
        name = one.module
        while name not in imports and "." in name:
            name = name.rpartition(".")[0]
        yield name


def forbidden_paths(
    imports: Mapping[str, list[Import]], rooms: tuple[str, ...], forbidden: set[str]
) -> list[str]:
    """Return, for each forbidden library that `rooms` load, directly or not, one way to it."""
    ways = {module: module for module in imports if room_of(module) in rooms}
    waiting, found = list(ways), {}
    while waiting:
        module = waiting.pop(0)
        for target in edges(module, imports):
            way = f"{ways[module]} -> {target}"
            if target.split(".")[0] in forbidden:
                found.setdefault(target.split(".")[0], way)
            if target in imports and target not in ways:
                ways[target] = way
                waiting.append(target)
    return list(found.values())


@pytest.fixture(scope="module")
def imports():
    return find_imports(read_sources(FOLDER))


def test_rooms_import_only_to_the_left(imports):
    assert wrong_directions(imports) == []


def test_heavy_libraries_stay_with_their_owners(imports):
    assert trespasses(imports) == []


def test_stage_one_needs_no_search_no_tracking_and_no_trees(imports):
    assert forbidden_paths(imports, STAGE_ONE, NOT_IN_STAGE_ONE) == []


def test_export_and_scoring_need_no_search_and_no_tracking(imports):
    assert forbidden_paths(imports, SCORING, NOT_IN_SCORING) == []


def users_of_papers(imports: Mapping[str, list[Import]]) -> set[str]:
    """Return the rooms outside the wing of the papers that import something of it."""
    wing = f"{PACKAGE}.papers"
    return {
        room_of(module)
        for module, found in imports.items()
        if any(f"{one.module}.".startswith(f"{wing}.") for one in found)
    } - {"papers"}


def test_the_wing_of_the_papers_is_imported_by_the_command_line_alone(imports):
    assert users_of_papers(imports) == {"", "cli"}  # the package tells type checkers of a step of the wing
    assert not [one for one in imports[PACKAGE] if "papers" in one.module and one.loaded]


def test_another_user_of_the_papers_is_found():
    sly = "def later():\n    from automl_skin.papers import reproduce"
    assert users_of_papers(imports_of(api="import automl_skin.papers", steps__sly=sly)) == {"api", "steps"}
    assert (
        users_of_papers(imports_of(papers__run=sly, steps__other="import automl_skin.papers_of_mine"))
        == set()
    )


READER_OF_LOCKED_LABELS = "automl_skin.study.locked_part"
READERS_OF_LABELS = {READER_OF_LOCKED_LABELS, "automl_skin.study.development_labels"}
LABELS_FILE = "labels.parquet"


STUDY_FILES = {
    "audit.json": "data.audit",
    "cells.safetensors": "papers.locked",
    "contents.parquet": "study.understood",
    "development_labels.parquet": "study.development_labels",
    "identity.json": "study.study",
    "leaderboard.csv": "steps.report",
    "locked_test.json": "steps.locked",
    "material.json": "search.material",
    "missing_metadata.json": "study.study",
    "openings.json": "study.locked_part",
    "operating_point.json": "study.study",
    "plan.csv": "data.plan",
    "plan.json": "data.plan",
    "predictions.parquet": "study.study",
    "prepared.json": "study.study",
    "shifts.json": "study.shift_files",
    "shifts.parquet": "study.shift_files",
    "sources.json": "study.study",
    "stack.json": "study.stack_files",
    "stack.parquet": "study.stack_files",
    "stage_one.json": "study.stage_one_file",
    "study.toml": "study.study",
    "tracking.json": "study.study",
    "understood": "study.understood",
}
"""Each file of a study, and the one module that names it; a bundle may have files of the same names."""


def words_of(text: str) -> list[str]:
    """Return the texts in a module's code, docstrings aside."""
    tree = ast.parse(text)
    documents = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documents
    ]


def namings(sources: Mapping[str, str]) -> set[str]:
    """Return the modules in whose code the name of a file of labels stands."""
    return {module for module, text in sources.items() if any(LABELS_FILE in word for word in words_of(text))}


def owners(sources: Mapping[str, str]) -> dict[str, set[str]]:
    """Return, for each file of a study, the modules that name it as a path; messages may mention it."""
    found: dict[str, set[str]] = {name: set() for name in STUDY_FILES}
    for module, text in sources.items():
        if room_of(module) != "export":
            for name in found.keys() & {word.rpartition("/")[2] for word in words_of(text)}:
                found[name].add(module.removeprefix(f"{PACKAGE}."))
    return found


def name_of(node: ast.AST) -> str:
    """Return the name that a node of the syntax tree uses, plainly, as an attribute or in an import."""
    for kind, field in ((ast.Name, "id"), (ast.Attribute, "attr"), (ast.alias, "name")):
        if isinstance(node, kind):
            return str(getattr(node, field)).rpartition(".")[2]
    return ""


def users(sources: Mapping[str, str], names: set[str]) -> set[str]:
    """Return the modules whose code uses one of some names, whichever way they come by it."""
    return {
        module
        for module, text in sources.items()
        if any(name_of(node) in names for node in ast.walk(ast.parse(text)))
    }


def count_calls(text: str, name: str) -> int:
    """Return how often a module calls a function of this name."""
    return sum(
        isinstance(node, ast.Call) and name_of(node.func) == name for node in ast.walk(ast.parse(text))
    )


def test_the_labels_of_locked_cases_have_one_reader():
    sources = read_sources(FOLDER)
    assert namings(sources) == READERS_OF_LABELS
    assert users(sources, {"read_labels", "write_labels"}) == READERS_OF_LABELS
    assert users(sources, {"LOCKED_LABELS"}) == {READER_OF_LOCKED_LABELS}
    assert "locked" not in sources["automl_skin.study.development_labels"]
    assert count_calls(sources[READER_OF_LOCKED_LABELS], "read_labels") == 1


def test_each_file_of_a_study_is_named_by_one_module():
    assert owners(read_sources(FOLDER)) == {name: {owner} for name, owner in STUDY_FILES.items()}


def test_another_name_of_a_studys_file_is_found():
    sources = {
        "automl_skin.steps.sly": 'def look(study):\n    return study.folder / "stack.json"',
        "automl_skin.steps.honest": '"""Not stack.json."""\nMESSAGE = "stack.json was changed"\n',
        "automl_skin.export.bundle": 'STACK = "stack.json"\n',
    }
    assert owners(sources)["stack.json"] == {"steps.sly"}


def test_another_reader_of_labels_is_found():
    sources = {
        "automl_skin.steps.sly": 'def look(study):\n    return study.locked / "labels.parquet"',
        "automl_skin.steps.honest": '"""Not labels.parquet."""\n',
    }
    assert namings(sources) == {"automl_skin.steps.sly"}


@pytest.mark.parametrize(
    "text",
    [
        "from automl_skin.data.record import read_labels",
        "from automl_skin.data import record\n\ndef look(study):\n    return record.read_labels(study.locked)",
        "import automl_skin.data.record as r\nLOOK = r.read_labels",
    ],
)
def test_another_way_to_the_reader_of_labels_is_found(text):
    sources = {"automl_skin.steps.sly": text, "automl_skin.steps.honest": '"""Not read_labels."""\n'}
    assert users(sources, {"read_labels"}) == {"automl_skin.steps.sly"}


def test_every_call_of_the_reader_is_counted():
    assert count_calls("def f(p):\n    return len(read_labels(p)), record.read_labels(p)", "read_labels") == 2


def test_every_module_is_seen(imports):
    assert {"automl_skin.files", "automl_skin.metrics", "automl_skin.metrics.ranking"} <= set(imports)


BLOCKED = """
import importlib, sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {forbidden!r}:
            raise ImportError("blocked: " + name)
sys.meta_path.insert(0, Blocked())
for name in {modules!r}:
    importlib.import_module(name)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rooms", "forbidden"), [(STAGE_ONE, NOT_IN_STAGE_ONE | {"pydantic"}), (SCORING, NOT_IN_SCORING)]
)
def test_the_rooms_import_where_the_libraries_are_absent(imports, rooms, forbidden):
    modules = [module for module in imports if room_of(module) in rooms]
    code = BLOCKED.format(forbidden=forbidden, modules=modules)
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=FOLDER.parent
    )
    assert done.returncode == 0, done.stderr


# The checkers themselves, on small made-up packages.


def imports_of(**modules: str) -> dict[str, list[Import]]:
    """Return the imports of made-up modules; `a__b` is the module b of room a."""
    names = {f"{PACKAGE}.{name.replace('__', '.')}": text for name, text in modules.items()}
    return find_imports({name.replace("..", ".__init__"): text for name, text in names.items()})


@pytest.mark.parametrize(
    "text",
    [
        "import automl_skin.heads.mlp",
        "from automl_skin.heads import mlp",
        "from automl_skin.heads.mlp import fit",
        "from automl_skin import heads",
        "from ..heads import mlp",
        "from .. import heads",
        "def later():\n    from automl_skin.heads import mlp",
        "async def later():\n    import automl_skin.heads",
        "if TYPE_CHECKING:\n    from automl_skin.heads import mlp",
        "try:\n    pass\nfinally:\n    import automl_skin.heads",
        "import importlib\nimportlib.import_module('automl_skin.heads')",
    ],
)
def test_an_import_to_the_right_is_found(text):
    found = wrong_directions(imports_of(data__table=text))
    assert len(found) == 1
    assert "data imports heads" in found[0]
    assert wrong_directions(imports_of(search__trial=text)) == []


def test_own_room_and_other_libraries_are_free():
    text = "import numpy\nfrom automl_skin.data import roles\nfrom .roles import Roles\nfrom . import roles"
    assert wrong_directions(imports_of(data__table=text)) == []


def test_the_package_itself_is_above_the_steps_and_below_the_command_line():
    assert wrong_directions(imports_of(cli__main="from automl_skin import search_study")) == []
    found = wrong_directions(imports_of(data__table="from automl_skin import search_study"))
    assert found == ["automl_skin.data.table:1: data imports automl_skin"]
    sources = {f"{PACKAGE}.__init__": "from automl_skin.steps import search\nimport automl_skin.cli"}
    assert wrong_directions(find_imports(sources)) == ["automl_skin:2: automl_skin imports cli"]


def test_an_unknown_room_is_found():
    assert wrong_directions(imports_of(utils__things="")) == ["automl_skin.utils.things: no room of the list"]


@pytest.mark.parametrize("library", OWNERS)
@pytest.mark.parametrize("text", ["import {}", "from {}.deep import x", "def later():\n    import {} as z"])
def test_a_trespass_is_found(library, text):
    text = text.format(library)
    assert len(trespasses(imports_of(evaluation__report=text))) == 1
    for owner in OWNERS[library]:
        assert trespasses(imports_of(**{f"{owner}__module": text})) == []


def test_a_forbidden_library_is_found_through_other_modules():
    imports = imports_of(
        embeddings__extract="from automl_skin.data.table import read",
        data__table="def read():\n    from automl_skin.heads import trees",
        heads__trees="import lightgbm",
    )
    assert forbidden_paths(imports, STAGE_ONE, NOT_IN_STAGE_ONE) == [
        "automl_skin.embeddings.extract -> automl_skin.data.table -> automl_skin.heads.trees -> lightgbm"
    ]
    assert forbidden_paths(imports, SCORING, NOT_IN_SCORING) == []


def test_a_forbidden_library_in_the_init_of_a_room_is_found():
    sources = {
        f"{PACKAGE}.search.__init__": "import optuna",
        f"{PACKAGE}.search.space": "",
        f"{PACKAGE}.export.write": "from automl_skin.search.space import Space",
    }
    assert forbidden_paths(find_imports(sources), SCORING, NOT_IN_SCORING) == [
        "automl_skin.export.write -> automl_skin.search.space -> automl_skin.search -> optuna"
    ]


def test_type_checkers_and_lazy_steps_load_nothing():
    sources = {
        f"{PACKAGE}.__init__": "def search():\n    from automl_skin.search import study",
        f"{PACKAGE}.search.study": "import optuna",
        f"{PACKAGE}.export.write": "if TYPE_CHECKING:\n    from automl_skin.search import study",
    }
    assert forbidden_paths(find_imports(sources), SCORING, NOT_IN_SCORING) == []
    sources[f"{PACKAGE}.__init__"] = "from automl_skin.search import study"
    assert forbidden_paths(find_imports(sources), SCORING, NOT_IN_SCORING) == [
        "automl_skin.export.write -> automl_skin -> automl_skin.search.study -> optuna"
    ]


def test_violations_in_a_copy_of_the_real_package_are_found(tmp_path, imports):
    for name, text in read_sources(FOLDER).items():
        path = tmp_path.joinpath(*name.split(".")).with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (tmp_path / PACKAGE / "images" / "broken.py").write_text("import optuna\nimport automl_skin.cli\n")
    broken = find_imports(read_sources(tmp_path / PACKAGE))
    line = "automl_skin.images.broken:"
    assert set(wrong_directions(broken)) - set(wrong_directions(imports)) == {f"{line}2: images imports cli"}
    assert set(trespasses(broken)) - set(trespasses(imports)) == {f"{line}1: optuna belongs to search"}
    assert "automl_skin.images.broken -> optuna" in forbidden_paths(broken, STAGE_ONE, {"optuna"})
