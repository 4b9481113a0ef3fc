"""Training that is killed goes on as if it had not been, and several workers train one model."""

import json
import signal

import pytest
from data_sets import digits, opinions, pairs, rankings
from processes import finish, free_port, start

RECIPES = {
    "image-classification": ({"epochs": 5, "channels": 8, "threads": 1}, digits(300), "images.npz"),
    "text-classification": ({"epochs": 5, "hidden": 32, "maxLength": 32, "threads": 1}, opinions(200), "table.csv"),
}


@pytest.mark.parametrize("name", RECIPES)
def test_a_killed_training_ends_as_one_that_was_not(workspace, name):
    options, content, file = RECIPES[name]
    spaces = [workspace(recipe={"name": name, "options": options}, seed=1) for _ in range(2)]
    for space in spaces:
        space.data("train", content, file)
    whole, killed = spaces
    finish(start(whole))
    process = start(killed)
    for line in process.stdout:
        if line.startswith("epoch=3 "):
            process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (killed.root / "output").exists()
    output = finish(start(killed))
    assert "training goes on after epoch" in output
    assert "epoch=1 " not in output
    assert killed.bytes("output") == whole.bytes("output")


def test_a_checkpoint_of_other_options_is_not_used(workspace):
    options, content, file = RECIPES["image-classification"]
    space = workspace(recipe={"name": "image-classification", "options": {**options, "epochs": 1}}, seed=1)
    space.data("train", content, file)
    finish(start(space))
    space.document["seed"] = 2
    assert "training starts anew" in finish(start(space))


def test_a_broken_checkpoint_is_not_used(workspace):
    options, content, file = RECIPES["image-classification"]
    space = workspace(recipe={"name": "image-classification", "options": {**options, "epochs": 1}}, seed=1)
    space.data("train", content, file)
    (space.root / "checkpoints").mkdir()
    (space.root / "checkpoints/epoch.pt").write_bytes(b"half a checkpoi")
    assert "cannot be read" in finish(start(space))


ALL = {
    **RECIPES,
    "feature-extraction": ({"hidden": 32, "maxLength": 32, "threads": 1}, pairs(100), "table.csv"),
    "text-ranking": ({"hidden": 32, "maxLength": 32, "threads": 1}, rankings(30), "table.jsonl"),
}


@pytest.mark.parametrize("name", ALL)
def test_two_workers_train_one_model(workspace, name):
    options, content, file = ALL[name]
    space = workspace(recipe={"name": name, "options": {**options, "epochs": 3}}, seed=1)
    space.data("train", content, file)
    group = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": free_port()}
    processes = [start(space, RANK=str(rank), **group) for rank in range(2)]
    first, second = (finish(process) for process in processes)
    assert "epoch=3 epochs=3" in first
    assert "epoch=" not in second
    reports = [json.loads((space.root / f"termination-{rank}").read_text()) for rank in range(2)]
    assert reports[0]["metrics"] == reports[1]["metrics"]
    assert (space.root / "output/model.onnx").is_file()


def test_torchrun_starts_several_processes_of_one_worker(workspace):
    options, content, file = RECIPES["image-classification"]
    space = workspace(recipe={"name": "image-classification", "options": {**options, "epochs": 2}}, seed=1)
    space.data("train", content, file)
    meeting = {"PET_RDZV_BACKEND": "c10d", "PET_RDZV_ENDPOINT": f"127.0.0.1:{free_port()}", "PET_RDZV_ID": "digits"}
    output = finish(start(space, PET_NNODES="1", PET_NPROC_PER_NODE="2", **meeting))
    assert output.count("epoch=2 epochs=2") == 1
    assert (space.root / "output/model.onnx").is_file()


def test_the_worker_that_is_left_says_that_it_may_be_tried_again(workspace):
    options, content, file = RECIPES["image-classification"]
    space = workspace(recipe={"name": "image-classification", "options": {**options, "epochs": 500}}, seed=1)
    space.data("train", content, file)
    group = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": free_port()}
    first, second = (start(space, RANK=str(rank), **group) for rank in range(2))
    for line in first.stdout:
        if line.startswith("epoch=2 "):
            second.send_signal(signal.SIGKILL)
    second.communicate()
    assert first.wait() == 1
    report = json.loads((space.root / "termination-0").read_text())
    assert report["reason"] == "ProgramFailed"
    assert report["retryable"] is True
