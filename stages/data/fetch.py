"""Stage fetch: the raw files of a data set; downloads stay in .cache, which no run empties."""

import sys
from pathlib import Path

from idem.data.download import DownloadError, fetch_mnist
from stages.common import params

SOURCES = {"mnist": fetch_mnist}


def main() -> None:
    """Write the files to data/NAME/raw; downloads stay in .cache/NAME."""
    args = params.arguments("fetch a data set", dataset="name of the data set")
    fetch = params.choose(SOURCES, args.dataset, "data set")
    try:
        fetch(Path("data") / args.dataset / "raw", Path(".cache") / args.dataset)
    except (DownloadError, NotADirectoryError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
