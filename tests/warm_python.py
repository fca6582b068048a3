"""A `python -m` and a `dvc` for tests that have imported torch and the like once, not per process.

A stage of a tiny pipeline spends most of its seconds on imports, as `dvc` does. Here a server
imports libraries (not idem or stages, of which a copy of the repository has its own), and whatever
is started is a fork of it, with the arguments, folder, environment and standard streams that
`python` was called with. One server is there for all workers of pytest, and ends after them.
"""

import importlib
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import traceback
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from functools import partialmethod
from pathlib import Path
from typing import Any, TextIO

import psutil
from ruamel.yaml import YAML

LIBRARIES = ["pandas", "pydantic", "scipy.stats", "seaborn", "sklearn.manifold", "sympy", "torch"]
LIBRARIES += ["joblib", "matplotlib.backends.backend_agg", "safetensors.torch"]
LIBRARIES += ["torch._dynamo"]  # which the first optimiser of a process imports
LIBRARIES += ["torchmetrics.functional.image.ssim", "torchmetrics.functional.image.psnr"]
LIBRARIES += ["dvc.cli.parser", "dvc.repo.reproduce", "dvc.repo.metrics.diff"]
LIBRARIES += ["dvc.repo.experiments.queue.celery", "dvc.repo.experiments.queue.tempdir"]

CLIENT = """#!{python} -IS
import json, os, socket, sys

if os.path.basename(sys.argv[0]) == "dvc":
    words = ["dvc", *sys.argv[1:]]
elif sys.argv[1:2] == ["-m"]:
    words = sys.argv[2:]
else:
    os.execv({python!r}, [{python!r}, *sys.argv[1:]])
with socket.socket(socket.AF_UNIX) as server:
    server.settimeout(900)
    server.connect({address!r})
    socket.send_fds(server, [b"."], [0, 1, 2])
    server.sendall(json.dumps([words, os.getcwd(), dict(os.environ)]).encode())
    server.shutdown(socket.SHUT_WR)
    said = b"".join(iter(lambda: server.recv(99), b"")).split()
    sys.exit(int(said[1]) if len(said) == 2 else 1)  # only a number of a process: it was killed
"""


def start(folder: Path, user: int) -> None:
    """Start a server in a new folder, with commands `python` and `dvc`, until a process has ended.

    Args:
        folder: where its socket is, and the commands that it answers.
        user: the process.
    """
    folder.mkdir()
    text = CLIENT.format(python=sys.executable, address=str(folder / "socket"))
    for name in ("python", "dvc"):
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    command = [sys.executable, __file__, str(folder / "socket"), str(user)]
    subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)


def begin(
    server: Path, words: Sequence[str], folder: Path, environment: Mapping[str, str]
) -> psutil.Process:
    """Begin what ``python -m`` does with these words, without a word of what it prints."""
    with socket.socket(socket.AF_UNIX) as asked, open(os.devnull, "r+") as nothing:
        asked.connect(str(server / "socket"))
        socket.send_fds(asked, [b"."], [nothing.fileno()] * 3)
        asked.sendall(json.dumps([words, str(folder), dict(environment)]).encode())
        asked.shutdown(socket.SHUT_WR)
        return psutil.Process(int(asked.makefile().readline()))


def serve(address: str, user: int) -> None:
    """Fork a process for whoever connects, which does as it is told."""
    for name in LIBRARIES:
        importlib.import_module(name)
    sys.modules["torch"].set_num_threads(1)  # tests run beside these stages
    layout = importlib.import_module("matplotlib.layout_engine").ConstrainedLayoutEngine
    layout.execute = lambda self, fig: None  # takes as long as drawing, and has tests of its own
    figure = importlib.import_module("matplotlib.figure").Figure
    figure.savefig = partialmethod(coarsely, figure.savefig)
    dvc: Any = importlib.import_module("dvc.utils.serialize._yaml")
    dvc.parse_yaml_for_update, dvc._dump = dvc.parse_yaml, write_yaml
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen()
        if os.fork():
            os._exit(0)  # who waits for it sees that it listens
        os.dup2(0, 2)
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # who has connected sees them end
        listener.settimeout(1)
        while psutil.pid_exists(user):
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            if not os.fork():
                listener.close()
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                answer(connection)
            connection.close()


def write_yaml(data: Any, stream: TextIO) -> None:
    """Write YAML in C, for DVC: its own way keeps comments, and takes a second a stage."""
    yaml: Any = YAML(typ="safe")
    yaml.default_flow_style = yaml.sort_base_mapping_type_on_output = False
    yaml.representer.add_representer(OrderedDict, lambda of, each: of.represent_dict(each))
    yaml.dump(data, stream)


def coarsely(figure: Any, save: Any, *args: Any, **options: Any) -> None:
    """Save a figure of few pixels: choosing colours for many takes longer than drawing them."""
    save(figure, *args, **options | {"dpi": 60})


def answer(connection: socket.socket) -> None:
    """Run the module that was asked for; send the number of this process, and its exit status."""
    _, streams, _, _ = socket.recv_fds(connection, 1, 3)
    with connection.makefile("rb") as words:
        arguments, folder, environment = json.load(words)
    connection.sendall(f"{os.getpid()}\n".encode())
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.path[:1] = [folder, *filter(None, environment.get("PYTHONPATH", "").split(os.pathsep))]
    sys.argv = arguments
    status = status_of(arguments[0])
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    try:
        connection.sendall(str(status).encode())
    finally:  # whoever began it may have gone
        os._exit(status)


def status_of(module: str) -> int:
    """Return the exit status of a module run as `python -m` does."""
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as stopped:
        if stopped.code is None or isinstance(stopped.code, int):
            return stopped.code or 0
        print(stopped.code, file=sys.stderr)
        return 1
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]))
