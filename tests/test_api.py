import ast
import subprocess
import sys
from pathlib import Path

import pytest

import planchecker

SOURCE = Path(planchecker.__file__).read_text(encoding="utf-8")


def names_for_type_checkers() -> set[str]:
    """Collect what stands under ``if TYPE_CHECKING``."""
    block = next(
        node
        for node in ast.parse(SOURCE).body
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    )
    imported = {
        alias.asname or alias.name
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    declared = {ast.unparse(node.target) for node in block.body if isinstance(node, ast.AnnAssign)}
    return imported | declared


@pytest.mark.parametrize("name", planchecker.__all__)
def test_every_public_name_can_be_had(name: str) -> None:
    assert getattr(planchecker, name) is not None


def test_the_public_names_are_sorted_and_stand_once() -> None:
    assert len(set(planchecker.__all__)) == len(planchecker.__all__)
    constants = [name for name in planchecker.__all__ if name.isupper()]
    classes = [name for name in planchecker.__all__ if name[0].isupper() and not name.isupper()]
    rest = [name for name in planchecker.__all__ if not name[0].isupper()]
    ordered = [*sorted(constants), *sorted(classes), *sorted(rest)]
    assert planchecker.__all__ == ordered


def test_type_checkers_see_exactly_the_public_names() -> None:
    assert names_for_type_checkers() == set(planchecker.__all__)


def test_dir_lists_the_public_names() -> None:
    assert set(planchecker.__all__) <= set(dir(planchecker))


def test_a_name_that_does_not_exist_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'chek'"):
        _ = planchecker.chek


def test_importing_the_package_loads_none_of_its_parts() -> None:
    probe = (
        "import sys, planchecker; "
        "sys.exit(any(name.startswith('planchecker.') or name == 'numpy' for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", probe], check=False).returncode == 0


@pytest.mark.parametrize("package", ["planchecker", "constraints"])
def test_both_packages_are_marked_as_typed(package: str) -> None:
    module = __import__(package)
    assert (Path(module.__file__ or "").parent / "py.typed").is_file()
