"""Run the stages of a pipeline anew, two at a time, each as a `dvc repro` of its own.

`dvc repro` runs one stage after another, and while a stage imports PyTorch, writes its files or
waits for the last of its units a core is idle. DVC lets several of its processes run stages of one
project at once (https://dvc.org/doc/command-reference/repro#parallel-stage-execution), but leaves
it to its user to begin each when those it depends on have ended.
"""

import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from graphlib import TopologicalSorter
from pathlib import Path

import networkx as nx
from dvc.repo import Repo

REPRO = (sys.executable, "-m", "dvc", "--wait-for-lock", "repro", "--force", "--single-item")
AT_ONCE = 2  # the second fills what the first leaves idle; each takes the memory of a stage
LOGS = Path(".cache/repro")  # what each stage prints
LAST = 30  # lines of it are shown when a stage fails


class StageError(RuntimeError):
    """A stage failed: its name, the file of what it printed, and the end of that."""

    def __init__(self, stage: str, log: Path, said: str) -> None:
        super().__init__(f"stage '{stage}' failed")
        self.stage, self.log, self.said = stage, log, said


def parents() -> dict[str, list[str]]:
    """Return which stages each stage of the project depends on; frozen ones are left out.

    Raises:
        DvcException: if its files cannot be read, or another DVC holds its lock.
    """
    with Repo() as repo, repo.lock:
        whole = repo.index.graph  # from a stage to those it depends on
        here = [stage for stage in whole if stage.path_in_repo == "dvc.yaml"]
        graph = nx.transitive_closure_dag(whole.subgraph(here))
        graph.remove_nodes_from([stage for stage in here if stage.frozen])
    return {a.addressing: [b.addressing for b in graph.successors(a)] for a in here if a in graph}


def run(parents: Mapping[str, Sequence[str]], command: Sequence[str] = REPRO) -> dict[str, float]:
    """Run the command on every stage, those first that most wait for; return the seconds of each.

    Raises:
        StageError: if it fails on one, once those that run beside it have ended.
    """
    LOGS.mkdir(parents=True, exist_ok=True)
    order, ready, seconds = TopologicalSorter(parents), [], {}
    awaited = {name: sum(name in those for those in parents.values()) for name in parents}
    running: dict[Future[float], str] = {}
    order.prepare()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        while order.is_active():
            ready = sorted([*ready, *order.get_ready()], key=awaited.__getitem__)
            while ready and len(running) < AT_ONCE:
                name = ready.pop()
                running[pool.submit(_seconds, command, name)] = name
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                name = running.pop(future)
                seconds[name] = future.result()
                order.done(name)
                done = f"{len(seconds):3} of {len(parents)}"
                print(f"{done}  {name:16} {seconds[name]:4.0f} s", flush=True)
    return seconds


def _seconds(command: Sequence[str], name: str) -> float:
    """Run the command on a stage, what it prints into a file, and return how long it took."""
    start, path = time.monotonic(), LOGS / f"{name}.log"
    with path.open("w", encoding="utf-8") as log:
        done = subprocess.run([*command, name], stdout=log, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        print(f"'{name}' failed; the other stage is let end", flush=True)
        said = path.read_text(encoding="utf-8", errors="replace").splitlines()
        raise StageError(name, path, "\n".join(said[-LAST:]))
    return time.monotonic() - start
