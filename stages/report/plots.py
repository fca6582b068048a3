"""Let `dvc plots` draw without a network.

`python -m stages.report.plots` puts the builds of vega that draw the plots into a page, and tells
DVC in its local configuration to fill that page instead of its own, which loads them from a
server. They come from npm's registry, once, in fixed versions whose digests are checked; what is
made is not for git: without it, DVC falls back to its own page.
"""

import base64
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from idem.data.sources import npm_archive, npm_members
from stages.common.files import write_text
from stages.common.imports import ROOT

PAGE = Path(".cache/plots.html")
ARCHIVE_BYTES = 20_000_000  # that an archive may have


class Package(NamedTuple):
    """A package of npm, and the one of its files that a page needs."""

    name: str
    version: str
    digest: str
    """SHA-512 of its archive in base64, as npm states it."""


PACKAGES = (
    Package(
        "vega",
        "5.33.0",
        "jNAGa7TxLojOpMMMrKMXXBos4K6AaLJbCgGDOw1YEkLRjUkh12pcf65J2lMSdEHjcEK47XXjKiOUVZ8L+MniBA==",
    ),
    Package(
        "vega-lite",
        "5.23.0",
        "l4J6+AWE3DIjvovEoHl2LdtCUkfm4zs8Xxx7INwZEAv+XVb6kR6vIN1gt3t2gN2gs/y4DYTs/RPoTeYAuEg6mA==",
    ),
    Package(
        "vega-embed",
        "6.29.0",
        "PmlshTLtLFLgWtF/b23T1OwX53AugJ9RZ3qPE2c01VFAbgt3/GSNI/etzA/GzdrkceXFma+FDHNXUppKuM0U6Q==",
    ),
)
HTML = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
{refresh_tag}
<title>Plots of idem, by revision</title>
<style>
body { font-family: sans-serif; margin: 1rem; max-width: 1240px; }
div[style*="nowrap"] { white-space: normal !important; border: 0 !important; }
img { width: 590px; max-width: 100%; }
</style>
<script>SCRIPTS</script>
</head>
<body>
{plot_divs}
</body>
</html>
"""


def main() -> None:
    """Make the page and name it, or say in one line why not."""
    try:
        write_text(ROOT / PAGE, page([fetched(package) for package in PACKAGES]))
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        sys.exit(f"{error}\ndvc plots goes on loading what draws its plots from a server")
    setting = ["config", "--local", "plots.html_template", f"../{PAGE.as_posix()}"]
    subprocess.run([sys.executable, "-m", "dvc", *setting], cwd=ROOT, check=True)


def fetched(package: Package) -> str:
    """Return the build in a package, from npm's registry.

    Raises:
        ValueError: if it cannot be had, or is not the one that is expected.
        subprocess.SubprocessError: if npm does not say where its registry is.
    """
    digest = f"sha512:{base64.b64decode(package.digest).hex()}"
    versioned, cache = f"{package.name}@{package.version}", ROOT / PAGE.parent
    archive = npm_archive(versioned, digest, cache, ARCHIVE_BYTES)
    (build,) = npm_members(archive, {f"build/{package.name}.min.js": ARCHIVE_BYTES})
    return build.decode("utf-8")


def page(builds: list[str]) -> str:
    """Return the page for DVC to fill, which asks for nothing outside of it."""
    scripts = "</script>\n<script>".join(
        build.replace("</script", "<\\/script") for build in builds
    )
    return HTML.replace("SCRIPTS", scripts)


if __name__ == "__main__":
    main()
