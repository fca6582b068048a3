"""Write a file whole or not at all, and always a new one.

What was there before stays as it is for all who have it open or under another name, such as a
cache that holds it by a hard or a symbolic link.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replaced(path: Path) -> Iterator[Path]:
    """Yield a temporary file that becomes `path` in the end, so that nobody sees half of one.

    If it cannot be written, on a full disk for instance, what was there before stays.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    try:
        yield part
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
