"""The file that units travel in: a plain tar, the same bytes for the same content, at most 16 MB.

It may come from anywhere, so nothing in it is trusted: it is read within bounds, nothing but files
of known names is taken out, and a tar that is not to the byte what `packed` makes of its content
(cut off, longer than its end, with dates or owners) is refused.
"""

import re
import tarfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

LIMIT = 16 * 10**6  # bytes
MANIFEST = "manifest.json"
NAME = re.compile(r"manifest\.json|units/[A-Za-z0-9_.-]{1,200}\.json\.gz")


class TooLarge(ValueError):
    """What would have made a tar of more than LIMIT bytes."""


def packed(files: Mapping[str, bytes]) -> bytes:
    """Return a tar of these files, in the order of their names, without dates and owners.

    Raises:
        ValueError: for a name that `unpacked` would refuse.
        TooLarge: if it came to more than LIMIT.
    """
    made = BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name in sorted(files):
            _check_name(name)
            member = tarfile.TarInfo(name)
            member.size = len(files[name])
            tar.addfile(member, BytesIO(files[name]))
            if made.tell() > LIMIT:
                raise TooLarge(f"expected a tar of at most {LIMIT} bytes, got more")
    return made.getvalue()


def unpacked(path: Path) -> dict[str, bytes]:
    """Return the files that a tar holds, by name, read into memory and nowhere else.

    Raises:
        ValueError: naming the file and what is wrong with it, if it is not what `packed` makes.
        OSError: if it cannot be read.
    """
    with path.open("rb") as file:
        content = file.read(LIMIT + 1)
    if len(content) > LIMIT:
        raise ValueError(f"{path}: expected at most {LIMIT} bytes, got more")
    try:
        with tarfile.open(fileobj=BytesIO(content), mode="r:") as tar:
            files = _files(tar)
        if packed(files) != content:
            raise ValueError("expected the tar as stages.pack wrote it, got other bytes")
    except (tarfile.TarError, ValueError) as reason:
        raise ValueError(f"{path}: {reason}; pack and carry it again") from None
    return files


def _files(tar: tarfile.TarFile) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    for member in tar:
        _check_name(member.name)
        if not member.isreg() or member.issparse():
            raise ValueError(f"{member.name}: expected a plain file, got another kind of member")
        if member.name in files:
            raise ValueError(f"{member.name}: expected each name once, got it twice")
        if member.size > LIMIT:
            raise ValueError(f"{member.name}: expected at most {LIMIT} bytes, got {member.size}")
        found = tar.extractfile(member)
        files[member.name] = found.read() if found else b""
    return files


def _check_name(name: str) -> None:
    if not NAME.fullmatch(name):
        raise ValueError(f"expected {MANIFEST} or units/LABEL_HASH.json.gz, got {name!r}")
