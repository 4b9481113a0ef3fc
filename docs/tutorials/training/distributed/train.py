"""Two workers, one model: PyTorch DistributedDataParallel over gloo. It goes on from its checkpoint after a restart."""

import os
import pathlib

import numpy as np
import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel

EPOCHS = int(os.environ.get("AIMASS_PARAMETER_EPOCHS", "8"))
CHECKPOINT = pathlib.Path("/aimass/checkpoints/last.pt")

dist.init_process_group("gloo")
rank, world = dist.get_rank(), dist.get_world_size()
torch.manual_seed(0)

digits = np.load("/aimass/data/train/digits.npz")
pixels = torch.tensor(digits["images"] / 255, dtype=torch.float32).flatten(1)
labels = torch.tensor(digits["labels"])
order = torch.randperm(len(pixels))
train, test = order[:1400], order[1400:]

network = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
model = DistributedDataParallel(network)
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
start = 0
if CHECKPOINT.exists():
    state = torch.load(CHECKPOINT)
    network.load_state_dict(state["network"])
    optimizer.load_state_dict(state["optimizer"])
    start = state["epoch"]
    print(f"goes on after epoch {start}", flush=True)

for epoch in range(start, EPOCHS):
    mine = train[torch.randperm(len(train))][rank::world]
    for batch in mine.split(32):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(pixels[batch]), labels[batch])
        loss.backward()
        optimizer.step()
    accuracy = (network(pixels[test]).argmax(1) == labels[test]).float().mean().item()
    print(f"epoch={epoch + 1} epochs={EPOCHS} loss={loss.item():.4f} accuracy={accuracy:.4f} world={world}", flush=True)
    if rank == 0:
        temporary = CHECKPOINT.with_suffix(".part")
        torch.save({"network": network.state_dict(), "optimizer": optimizer.state_dict(), "epoch": epoch + 1}, temporary)
        temporary.rename(CHECKPOINT)
    dist.barrier()

if rank == 0:
    torch.jit.script(network.eval()).save("/aimass/output/model.pt")
    np.savez("/aimass/output/examples.npz", features=pixels[test][:8].numpy())
    held_out = {"features": pixels[test].numpy(), "labels": labels[test].numpy()}
    np.savez("/aimass/output/held-out.npz", **held_out)
dist.destroy_process_group()
