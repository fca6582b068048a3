"""Stage check: stop before any work if a parameter is wrong."""

from pathlib import Path

from stages import params
from stages.files import write_text


def main() -> None:
    """Check params.yaml; the file written is always the same, so that no stage reruns for it."""
    args = params.arguments("check params.yaml before any work")
    params.read(args.params)
    write_text(Path("data/params.ok"), "Every parameter is of the expected type and range.\n")


if __name__ == "__main__":
    main()
