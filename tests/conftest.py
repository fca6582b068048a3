import pytest
import torch

from stages.common import engine


@pytest.fixture(autouse=True, scope="session")
def one_thread():
    """Small tensors gain nothing from threads, and lose much where cores are shared."""
    torch.set_num_threads(1)


@pytest.fixture(autouse=True, scope="session")
def outlives_its_parent():
    """Stages run in this process must not end it with the shell that started it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "end_with_parent", lambda: None)
        yield
