"""Stage check: stop before any work if a parameter is wrong."""

from pathlib import Path

from stages.common import params
from stages.common.files import write_text


def main() -> None:
    """Check params.yaml; the file written is always the same, so that no stage reruns for it.

    It lies beside params.yaml, or in data/ for the one at the top.
    """
    args = params.arguments("check params.yaml before any work")
    params.read(args.params, params.Pipeline)
    folder = args.params.parent if args.params.parent.parts else Path("data")
    write_text(folder / "params.ok", "Every parameter is of the expected type and range.\n")


if __name__ == "__main__":
    main()
