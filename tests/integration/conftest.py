import sys
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(autouse=True, scope="package")
def quick_stages(warm: Path) -> Iterator[None]:
    """Let neither a stage nor DVC take seconds to import."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "executable", str(warm / "python"))  # whose folder leads the PATH
        yield
