"""Train the runs of stage `train` one after another, each by all processes of `torchrun`.

    torchrun --nproc-per-node 4 -m stages.generative.parallel mnist
    dvc repro train@mnist

What is computed is what one process would compute, up to rounding, from the same parameters. Every
run is left in its checkpoint after its last step, where stage `train` finds it and writes what it
writes. The command can be killed, and goes on when it is run again. Checkpoints are the first
process's; each machine needs the prepared data.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import torch.distributed as dist

from idem.checkpoint import Checkpoint, OutOfTime
from idem.generative.distributed import is_shared, train_in_parallel
from stages.common import params, resume, units
from stages.common.engine import checkpoint_seconds, deadline, device, gpus
from stages.common.params import Generative
from stages.generative import networks, runs
from stages.generative.weights import Runs


def main() -> None:
    """Bring the checkpoint of every run that is not finished to its last step."""
    args = params.arguments("train by all processes of torchrun", dataset="name of the data set")
    with processes():
        everything, name = params.read(args.params, Generative), networks.data_set(args.dataset)
        found, end = Runs.of(everything, name), deadline()
        say = print if dist.get_rank() == 0 else lambda *_: None
        for unit in found.plan(found.found).units:
            run = unit.arguments[0]
            identity = units.identity_of(unit.label, unit.key, runs.MODULES)
            if args.units is not None and units.path_of(args.units, identity).exists():
                continue
            if not is_shared(runs.objective(run.model)):
                say(f"{unit.label}: its loss is no mean over items, stage train trains it")
                continue
            place = Checkpoint(resume.place_of(identity), checkpoint_seconds(), end)
            try:
                run.train(place, unit.label, train_in_parallel)
            except OutOfTime:
                say("time is up: run the same command again to go on")
                return
        say("trained; stage train finds the runs in their checkpoints")


@contextmanager
def processes() -> Iterator[None]:
    """Join the processes that `torchrun` has started, on a device each, and leave them in the end.

    Raises:
        SystemExit: if it has not, or there are more on this machine than its GPUs.
    """
    if not dist.is_torchelastic_launched():
        sys.exit(
            "expected to be started by torchrun, which says who the other processes are: "
            "torchrun --nproc-per-node 2 -m stages.generative.parallel mnist"
        )
    if names := gpus():
        own = int(os.environ["LOCAL_RANK"])
        if own >= len(names):
            sys.exit(
                f"IDEM_DEVICE: expected a GPU for each process, got {len(names)}: start so many"
            )
        os.environ["CUDA_VISIBLE_DEVICES"] = names[own]
    device()  # is there, or this ends with a line that says so
    dist.init_process_group()
    try:
        yield
    finally:
        dist.destroy_process_group()


if __name__ == "__main__":
    main()
