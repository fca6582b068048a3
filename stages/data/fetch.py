"""Stage fetch: the raw files of a data set, from a cache that a forced run does not empty."""

import shutil
import sys
from pathlib import Path

from idem.data.download import DownloadError, fetch_mnist
from stages.common import params

SOURCES = {"mnist": fetch_mnist}


def main() -> None:
    """Fetch the files into .cache/NAME, then copy them to data/NAME/raw."""
    args = params.arguments("fetch a data set", dataset="name of the data set")
    fetch = params.choose(SOURCES, args.dataset, "data set")
    raw = Path("data") / args.dataset / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    try:
        for path in fetch(Path(".cache") / args.dataset):
            shutil.copyfile(path, raw / path.name)
    except (DownloadError, NotADirectoryError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
