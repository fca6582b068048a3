"""Let `dvc plots` draw without a network.

`python -m stages.report.plots` puts the builds of vega that draw the plots into a page, and tells
DVC in its local configuration to fill that page instead of its own, which loads them from a
server. They come from npm's registry, once, in fixed versions whose digests are checked; what is
made is not for git: without it, DVC falls back to its own page.
"""

import base64
import hashlib
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from stages.common.files import write_text
from stages.common.imports import ROOT

PAGE = Path(".cache/plots.html")


class Package(NamedTuple):
    """A package of npm, and the one of its files that a page needs."""

    name: str
    version: str
    digest: str
    """SHA-512 of its archive in base64, as npm states it."""

    @property
    def build(self) -> str:
        """Return the file in its archive."""
        return f"package/build/{self.name}.min.js"


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
    except (OSError, ValueError, subprocess.CalledProcessError) as error:
        sys.exit(f"{error}\ndvc plots goes on loading what draws its plots from a server")
    setting = ["config", "--local", "plots.html_template", f"../{PAGE.as_posix()}"]
    subprocess.run([sys.executable, "-m", "dvc", *setting], cwd=ROOT, check=True)


def fetched(package: Package) -> str:
    """Return the build in a package, from npm's registry.

    Raises:
        OSError: if there is no npm.
        subprocess.CalledProcessError: if npm fails, as without a network.
        ValueError: if the archive is not the one that is expected.
    """
    npm = shutil.which("npm")
    if npm is None:
        raise OSError("expected npm on the path, found none: install Node.js")
    with TemporaryDirectory() as folder:
        command = [npm, "pack", "--silent", f"{package.name}@{package.version}"]
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
        return unpacked(Path(folder, f"{package.name}-{package.version}.tgz"), package)


def unpacked(archive: Path, package: Package) -> str:
    """Return the build in the archive of a package.

    Raises:
        ValueError: if the archive is not the one that is expected.
    """
    found = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if found != package.digest:
        raise ValueError(f"{archive.name}: expected SHA-512 {package.digest}, got {found}")
    with tarfile.open(archive) as members, members.extractfile(package.build) as file:  # pyright: ignore
        return file.read().decode("utf-8")


def page(builds: list[str]) -> str:
    """Return the page for DVC to fill, which asks for nothing outside of it."""
    scripts = "</script>\n<script>".join(
        build.replace("</script", "<\\/script") for build in builds
    )
    return HTML.replace("SCRIPTS", scripts)


if __name__ == "__main__":
    main()
