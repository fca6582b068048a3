"""A `python -m` for pipelines in tests that has imported torch and the like once, not per stage.

A stage of a tiny pipeline spends most of its seconds on imports. Here a server imports libraries
(not idem or stages, of which a copy of the repository has its own), and every stage is a fork of
it, with the arguments, folder, environment and standard streams that `python` was called with.
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
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LIBRARIES = ["pandas", "pydantic", "scipy.stats", "seaborn", "sklearn.manifold", "sympy", "torch"]
LIBRARIES += ["joblib", "matplotlib.backends.backend_agg", "safetensors.torch"]
LIBRARIES += ["torch._dynamo"]  # which the first optimiser of a process imports
LIBRARIES += ["torchmetrics.functional.image.ssim", "torchmetrics.functional.image.psnr"]

CLIENT = """#!{python} -IS
import json, os, socket, sys

if sys.argv[1:2] != ["-m"]:
    os.execv({python!r}, [{python!r}, *sys.argv[1:]])
with socket.socket(socket.AF_UNIX) as server:
    server.settimeout(900)
    server.connect({address!r})
    socket.send_fds(server, [b"."], [0, 1, 2])
    server.sendall(json.dumps([sys.argv[2:], os.getcwd(), dict(os.environ)]).encode())
    server.shutdown(socket.SHUT_WR)
    sys.exit(int(server.recv(4) or 1))  # nothing: it ended without a word
"""


@contextmanager
def warm_python(folder: Path) -> Iterator[Path]:
    """Make a folder whose `python` forks from a server, and with whose `dvc` it is called."""
    address, python = str(folder / "socket"), folder / "python"
    python.write_text(CLIENT.format(python=sys.executable, address=address))
    python.chmod(0o755)
    (folder / "dvc").symlink_to(Path(sys.executable).with_name("dvc"))
    command = [sys.executable, __file__, address]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as server:
        assert server.stdout is not None and server.stdout.readline()  # it listens
        try:
            yield folder
        finally:
            server.kill()


def serve(address: str) -> None:
    """Fork a process for whoever connects, which does as it is told."""
    for name in LIBRARIES:
        importlib.import_module(name)
    sys.modules["torch"].set_num_threads(1)  # tests run beside these stages
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # who has connected sees them end
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen()
        print("listening", flush=True)
        while True:
            connection, _ = listener.accept()
            if not os.fork():
                listener.close()
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                answer(connection)
            connection.close()


def answer(connection: socket.socket) -> None:
    """Run the module that was asked for, and send its exit status."""
    _, streams, _, _ = socket.recv_fds(connection, 1, 3)
    with connection.makefile("rb") as words:
        arguments, folder, environment = json.load(words)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.path[0], sys.argv = folder, arguments
    status = status_of(arguments[0])
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    connection.sendall(str(status).encode())
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
    serve(sys.argv[1])
