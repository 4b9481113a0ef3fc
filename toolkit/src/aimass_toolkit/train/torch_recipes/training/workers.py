"""The processes that train together; one alone where there are no others."""

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from aimass_toolkit.stage.report import StageError

WAIT = timedelta(minutes=30)
PORT = 29_500
SIGNS_OF_LOSS = ("gloo", "Connection reset", "Connection closed", "Broken pipe", "imed out")


def needs_torchrun() -> bool:
    """Whether a worker has several processes, or workers may come and go: torchrun starts and counts those."""
    several = os.environ.get("PET_NPROC_PER_NODE", "1") != "1" or ":" in os.environ.get("PET_NNODES", "1")
    return several and "RANK" not in os.environ


def meeting() -> tuple[int, int, str]:
    """How many there are, which one this is, and where they meet: by torchrun's variables, or by those of every job."""
    if "WORLD_SIZE" in os.environ:
        return int(os.environ["WORLD_SIZE"]), int(os.environ.get("RANK", "0")), "env://"
    count, rank = (
        int(os.environ.get(f"AIMASS_WORKER_{name}", default)) for name, default in (("COUNT", "1"), ("INDEX", "0"))
    )
    chief = os.environ.get("AIMASS_WORKER_HOSTS", "127.0.0.1").split(",")[0]
    return count, rank, f"tcp://{chief}:{PORT}"


@dataclass(frozen=True)
class Workers:
    """How many processes train, and which one this is. The first writes files, and decides when all of them stop."""

    count: int = 1
    rank: int = 0

    @staticmethod
    def join() -> "Workers":
        """Meets the others, if the environment says that there are some."""
        if needs_torchrun():
            os.execv(sys.executable, [sys.executable, "-m", "torch.distributed.run", "-m", "aimass_toolkit", "train"])
        count, rank, place = meeting()
        if count > 1 and not dist.is_initialized():
            dist.init_process_group("gloo", init_method=place, rank=rank, world_size=count, timeout=WAIT)
        return Workers(count, rank)

    @property
    def is_first(self) -> bool:
        """Whether this worker writes the files."""
        return self.rank == 0

    @contextmanager
    def together(self) -> Iterator[None]:
        """Turns the error that comes when another worker is gone into one that may pass by itself."""
        try:
            yield
        except RuntimeError as error:
            if self.count == 1 or not any(sign in str(error) for sign in SIGNS_OF_LOSS):
                raise
            message = f"Worker {self.rank} lost another one while training; its log and state say why that one ended."
            raise StageError("ProgramFailed", message, retryable=True) from error

    def wrap(self, network: nn.Module) -> nn.Module:
        """The network with gradients that are averaged over all workers."""
        if self.count == 1 or not any(parameter.requires_grad for parameter in network.parameters()):
            return network
        return DistributedDataParallel(network)

    def share(self, value: object) -> object:
        """The first worker's value, on every worker."""
        if self.count == 1:
            return value
        box = [value if self.is_first else None]
        dist.broadcast_object_list(box, src=0)
        return box[0]

    def share_state(self, state: dict | None) -> dict | None:
        """A state with tensors, from the first worker to all."""
        if self.count == 1:
            return state
        content = io.BytesIO()
        if self.is_first and state is not None:
            torch.save(state, content)
        received = self.share(content.getvalue())
        return torch.load(io.BytesIO(received), weights_only=True) if received else None

    def leave(self) -> None:
        """Waits until all are through."""
        if self.count > 1:
            dist.barrier()
            dist.destroy_process_group()
