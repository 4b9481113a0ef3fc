"""What is kept after each epoch, so that training goes on exactly where it was stopped."""

import os
import pickle
from dataclasses import dataclass
from pathlib import Path

import torch

NAME = "epoch.pt"


@dataclass(frozen=True)
class Checkpoints:
    """A folder with the newest checkpoint. One of other data or options is not used: `fingerprint` tells them apart."""

    folder: Path
    fingerprint: str

    def load(self) -> dict | None:
        """The newest state; None when there is none that fits."""
        path = self.folder / NAME
        if not path.is_file():
            return None
        try:
            state = torch.load(path, weights_only=True)
        except (RuntimeError, EOFError, OSError, pickle.UnpicklingError, KeyError, ValueError):
            print("the checkpoint cannot be read; training starts anew", flush=True)
            return None
        if state.get("fingerprint") != self.fingerprint:
            print("the checkpoint is of other data or options; training starts anew", flush=True)
            return None
        print(f"training goes on after epoch {state['epoch']}", flush=True)
        return state

    def save(self, state: dict) -> None:
        """Replaces the checkpoint in one step: whenever the process dies, a whole one is there."""
        self.folder.mkdir(parents=True, exist_ok=True)
        unfinished = self.folder / f"{NAME}.tmp"
        with unfinished.open("wb") as file:
            torch.save({**state, "fingerprint": self.fingerprint}, file)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(self.folder / NAME)
