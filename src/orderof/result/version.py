"""The version of this package, as installed."""

from __future__ import annotations

import functools
import sys
from pathlib import Path


@functools.cache
def version() -> str:
    """Give the version that pip recorded; `0+unknown` where there is none.

    `importlib.metadata` takes as long to import as a whole model takes to count, and the version
    stands in the name of the folder that it would read. So that is looked at first.
    """
    for folder in sys.path:
        for found in Path(folder).glob("orderof-*.dist-info"):
            return found.name.removeprefix("orderof-").removesuffix(".dist-info")
    from importlib import metadata

    try:
        return metadata.version("orderof")
    except metadata.PackageNotFoundError:
        return "0+unknown"
