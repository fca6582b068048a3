"""Pack the finished units of a pipeline into one file, to be carried to another machine.

`python -m stages.pack [--pipeline paper] [--only PATTERN] FILE.tar`, from the top of a copy of this
repository; it needs no network and no git. `python -m stages.adopt FILE.tar` takes it in.
"""

import argparse
import sys
from pathlib import Path

from stages.common.files import write_bytes
from stages.travel.departure import gathered, loaded


def main() -> None:
    """Write the tar, or one line that says why not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--pipeline", default="paper")
    parser.add_argument("--only", default="*", help="labels to pack, as 'sweep_B2*'")
    args = parser.parse_args()
    try:
        files = gathered(args.pipeline, args.only)
        content = loaded(args.pipeline, files)
        write_bytes(args.file, content)
    except (ValueError, OSError) as error:
        sys.exit(str(error))
    print(f"{args.file}: {len(files)} units of {args.pipeline}, {len(content) / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
