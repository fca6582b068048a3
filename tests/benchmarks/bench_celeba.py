"""Seconds and memory to prepare CelebA: 202 599 images within 10 minutes on 2 cores and 2 GB.

The archive is made here, of smooth noise, as large as the official one: every id, 178×218, 7 kB an
image. Memory is the sum over the processes, pages that several share divided between them (PSS),
at its highest; the files' pages in the system's cache are not in it. It takes 4 GB in the folder
for temporary files, and some minutes.

    make bench

Typical output (two cores of an AMD EPYC shared with other programs, at a load of 8 to 11):

    images of 178×218, 8727 bytes
    workers  images  seconds  CPU sec  images/s  peak MB
          2  202599    465.0    220.1       436     1244
"""

import io
import os
import tempfile
import threading
import time
import zipfile
from functools import partial
from pathlib import Path

import numpy as np
import psutil
from PIL import Image

from idem.data import celeba
from stages.common.engine import run_units

SIZE, KINDS, QUALITY = (178, 218), 500, 75


def jpegs(rng: np.random.Generator) -> list[bytes]:
    """Return made-up photographs; the quality gives them about the bytes of official ones."""
    found = []
    for _ in range(KINDS):
        coarse = Image.fromarray(rng.integers(0, 256, (28, 23, 3), np.uint8))
        content = io.BytesIO()
        coarse.resize(SIZE, Image.Resampling.BICUBIC).save(content, "JPEG", quality=QUALITY)
        found.append(content.getvalue())
    return found


def make_archive(path: Path, contents: list[bytes]) -> None:
    """Write an image for every id."""
    with zipfile.ZipFile(path, "w") as archive:
        for number in celeba.IDS:
            name = f"img_align_celeba/{number:06}.jpg"
            archive.writestr(name, contents[number % KINDS])


class Peak(threading.Thread):
    """Follow the memory of this process and its children while the context is open."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.most, self.done = 0, threading.Event()

    def run(self) -> None:
        """Look twice a second."""
        while not self.done.wait(0.5):
            self.most = max(self.most, _held())

    def __enter__(self) -> "Peak":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.done.set()
        self.join()


def _held() -> int:
    me, total = psutil.Process(), 0
    for process in [me, *me.children(recursive=True)]:
        try:
            total += process.memory_full_info().pss
        except psutil.Error:  # ended meanwhile
            continue
    return total


def measure(source: Path, folder: Path, workers: int) -> None:
    """Prepare once and print a line."""
    os.environ["IDEM_WORKERS"] = str(workers)
    run = partial(run_units, label="prepare")
    start, spent = time.perf_counter(), _cpu_seconds()
    with Peak() as peak:
        counts = celeba.prepare(source, folder, side=64, most_broken=0.0, run=run).counts
    seconds, cpu = time.perf_counter() - start, _cpu_seconds() - spent
    images = sum(counts.values())
    print(
        f"{workers:7} {images:7} {seconds:8.1f} {cpu:8.1f} {images / seconds:9.0f}"
        f" {peak.most / 1e6:8.0f}"
    )


def _cpu_seconds() -> float:
    me = psutil.Process()
    return sum(sum(each.cpu_times()[:2]) for each in [me, *me.children(recursive=True)])


def main() -> None:
    """Print the seconds and memory of two workers."""
    contents = jpegs(np.random.default_rng(0))
    print(f"images of {SIZE[0]}×{SIZE[1]}, {np.mean([len(c) for c in contents]):.0f} bytes")
    print("workers  images  seconds  CPU sec  images/s  peak MB")
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "img_align_celeba.zip"
        make_archive(source, contents)
        measure(source, Path(folder) / "celeba", workers=2)


if __name__ == "__main__":
    main()
