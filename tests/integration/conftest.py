import sys
from collections.abc import Iterator

import pytest

from tests.integration.warm_python import warm_python


@pytest.fixture(autouse=True, scope="package")
def quick_stages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let a stage take no seconds to import torch."""
    with (
        pytest.MonkeyPatch.context() as patch,
        warm_python(tmp_path_factory.mktemp("bin")) as folder,
    ):
        patch.setattr(sys, "executable", str(folder / "python"))  # whose folder leads the PATH
        yield
