"""Which tests run where: what needs torch is left out without it, and in CI it is an error."""

import os
import re
import shutil
import tempfile
from importlib.util import find_spec
from pathlib import Path

import pytest

CI = os.environ.get("CI") == "true"
HAS_TORCH = find_spec("torch") is not None
IMPORTS_FRAMEWORK = re.compile(
    r"^(?:import|from) (?:torch|torchvision|timm|transformers|orderof\.frontends\.torch)\b",
    re.MULTILINE,
)
FRONT_END = Path(__file__).parent / "src" / "orderof" / "frontends" / "torch"


def pytest_report_header() -> str:
    return "torch: installed" if HAS_TORCH else "torch: absent, what needs it is left out"


def pytest_configure(config: pytest.Config) -> None:
    """Let no test, nor a process that it starts, touch the answers that the user has kept."""
    folder = tempfile.mkdtemp(prefix="orderof-")
    os.environ["ORDEROF_CACHE_DIR"] = folder
    config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out a file that could not even be imported; in CI, let its import fail."""
    deselected = "not framework" in str(config.getoption("markexpr"))
    if HAS_TORCH or (CI and not deselected):
        return None
    if collection_path == FRONT_END:
        return True
    if collection_path.suffix != ".py":
        return None
    return True if IMPORTS_FRAMEWORK.search(collection_path.read_text("utf-8")) else None


@pytest.hookimpl(trylast=True)  # after -m has had its say
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs torch where there is none; in CI, refuse to pass without it."""
    if HAS_TORCH:
        return
    needy = [item for item in items if item.get_closest_marker("framework")]
    if needy and CI:
        message = f"torch is absent, and {len(needy)} tests marked framework need it"
        raise pytest.UsageError(message)
    for item in needy:
        item.add_marker(pytest.mark.skip(reason="torch is absent"))
