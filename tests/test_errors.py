import pickle
import re

import pytest

from orderof import errors
from orderof.errors import Error

ALL = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Error)]
DRAWN = re.compile(r"^ {4}([│ ├└─]*)(\w+)(?: +(\d+))?(?: {3}\S.*)?$", re.MULTILINE)


def drawn_tree() -> dict[str, tuple[str, int]]:
    """Name -> (parent, exit code), as the docstring of the module draws them."""
    path: list[tuple[str, int]] = []
    tree = {}
    for branch, name, code in DRAWN.findall(errors.__doc__):
        path = path[: len(branch) // 4]
        parent, inherited = path[-1] if path else ("Exception", 0)
        path.append((name, int(code or inherited)))
        tree[name] = (parent, path[-1][1])
    return tree


def test_docstring_draws_the_tree():
    assert drawn_tree() == {kind.__name__: (kind.__base__.__name__, kind.exit_code) for kind in ALL}


@pytest.mark.parametrize("kind", ALL)
def test_says_subject_and_message_and_keeps_the_hint(kind):
    error = kind("S", "is not a size", hint="write -d S=128")
    assert str(error) == "S: is not a size"
    assert error.hint == "write -d S=128"
    assert kind("S", "is not a size").hint == ""


@pytest.mark.parametrize("kind", ALL)
def test_survives_a_process_boundary(kind):
    copy = pickle.loads(pickle.dumps(kind("S", "is not a size", "write -d S=128")))
    assert (type(copy), copy.subject, copy.message, copy.hint) == (
        kind,
        "S",
        "is not a size",
        "write -d S=128",
    )


@pytest.mark.parametrize("kind", ALL)
def test_never_claims_success_or_over_budget(kind):
    assert kind.exit_code not in {0, 1, 130}
