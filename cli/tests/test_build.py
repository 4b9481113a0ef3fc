from __future__ import annotations

import json
import shutil
import stat
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import Cli
from servers import free_port

from aimass_cli.training.image import containerfile

PROGRAMS = ("buildah", "docker-registry")
ACCEPT = "application/vnd.oci.image.manifest.v1+json"
needs_buildah = pytest.mark.skipif(
    not all(map(shutil.which, PROGRAMS)), reason="buildah and docker-registry, two Debian packages, are not there"
)


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[str]:
    """A registry of this machine; its address."""
    port = free_port()
    config = tmp_path / "registry.yml"
    log = {"level": "error", "accesslog": {"disabled": True}}
    storage = {"filesystem": {"rootdirectory": str(tmp_path / "registry")}}
    http = {"addr": f"127.0.0.1:{port}"}
    config.write_text(yaml.safe_dump({"version": "0.1", "log": log, "storage": storage, "http": http}))
    process = subprocess.Popen(["docker-registry", "serve", config], stderr=subprocess.DEVNULL)
    try:
        _await(f"http://127.0.0.1:{port}/v2/", process)
        yield f"127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def _await(url: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 20
    while process.poll() is None and time.monotonic() < end:
        try:
            urllib.request.urlopen(url, timeout=1).close()
        except OSError:
            continue
        return
    raise AssertionError("docker-registry does not answer")


@pytest.fixture
def net(tmp_path: Path) -> Path:
    folder = tmp_path / "net"
    (folder / "layers").mkdir(parents=True)
    (folder / "train.py").write_text("import layers.dense\n")
    (folder / "layers" / "dense.py").write_text("x = 1\n")
    (folder / ".env").write_text("TOKEN=secret")
    (folder / "notes.txt").write_text("none of the image's business")
    (folder / ".aimassignore").write_text("*.txt\n")
    return folder


@pytest.fixture
def builder(cli: Cli, tmp_path: Path) -> Cli:
    """The command line with a buildah that keeps its images here; no docker, and no podman."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("bash", "sh", "env", "true", "newuidmap", "newgidmap"):
        if (found := shutil.which(name)) is not None:
            (programs / name).symlink_to(found)
    storage = tmp_path / "storage.conf"
    storage.write_text(f'[storage]\ndriver = "vfs"\ngraphroot = "{tmp_path}/images"\nrunroot = "{tmp_path}/run"\n')
    cli.env |= {
        "PATH": str(programs),
        "CONTAINERS_STORAGE_CONF": str(storage),
        "BUILDAH_ISOLATION": "chroot",
        "XDG_RUNTIME_DIR": str(tmp_path),
    }
    return cli


def _give_buildah(cli: Cli) -> None:
    (Path(cli.env["PATH"]) / "buildah").symlink_to(str(shutil.which("buildah")))


def _pushed(reference: str) -> Any:
    """What the registry holds under a digest: the manifest and the configuration of an image."""
    host, _, rest = reference.partition("/")
    repository, _, digest = rest.partition("@")

    def get(path: str) -> Any:
        request = urllib.request.Request(f"http://{host}/v2/{repository}/{path}", headers={"accept": ACCEPT})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    manifest = get(f"manifests/{digest}")
    return manifest, get(f"blobs/{manifest['config']['digest']}")


def _train(cli: Cli, *args: object) -> tuple[int, str]:
    # There is no cluster: building comes first, and is done when that is found out.
    done = cli("train", *args, "--no-follow", KUBECONFIG="/nowhere")
    return done.returncode, done.stderr


@needs_buildah
def test_a_folder_is_built_and_pushed(builder: Cli, net: Path, registry: str, tmp_path: Path) -> None:
    _give_buildah(builder)
    code, said = _train(builder, net, "--build", f"{registry}/team/net:1", "--base", "scratch")
    assert (code, "no usable kubeconfig" in said) == (4, True), said
    tags = json.load(urllib.request.urlopen(f"http://{registry}/v2/team/net/tags/list", timeout=10))
    assert tags == {"name": "team/net", "tags": ["1"]}
    _, config = _pushed(f"{registry}/team/net@1")
    assert (config["config"]["WorkingDir"], config["config"]["User"]) == ("/app", "65532:65532")


@needs_buildah
def test_the_image_holds_the_folder_without_what_is_ignored(builder: Cli, net: Path, registry: str) -> None:
    _give_buildah(builder)
    _train(builder, net, "--build", f"{registry}/team/net:1", "--base", "scratch")
    manifest, _ = _pushed(f"{registry}/team/net@1")
    names = set()
    for layer in manifest["layers"]:
        url = f"http://{registry}/v2/team/net/blobs/{layer['digest']}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            listed = subprocess.run(
                ["tar", "-tz"], input=answer.read(), capture_output=True, check=True
            ).stdout.decode()
        names |= {name for name in listed.splitlines() if not name.endswith("/")}
    assert names == {"app/train.py", "app/layers/dense.py"}


@needs_buildah
def test_a_containerfile_of_ones_own_is_taken(builder: Cli, net: Path, registry: str) -> None:
    _give_buildah(builder)
    (net / "Containerfile").write_text('FROM scratch\nCOPY train.py /mine.py\nCMD ["/mine.py"]\n')
    code, said = _train(builder, net, "--build", f"{registry}/team/own")
    assert code == 4, said
    _, config = _pushed(f"{registry}/team/own@latest")
    assert config["config"]["Cmd"] == ["/mine.py"]


@needs_buildah
@pytest.mark.api
def test_the_job_names_the_image_by_its_digest(builder: Cli, api: Any, net: Path, registry: str) -> None:
    _give_buildah(builder)
    builder.env["KUBECONFIG"] = api.kubeconfig
    command = ("train", net, "-n", "shop", "--no-follow", "--build", f"{registry}/team/net:1", "--base", "scratch")
    images = []
    try:
        for text in ("import layers.dense\n", "print(2)\n"):
            (net / "train.py").write_text(text)
            done = builder(*command)
            assert done.returncode == 0, done.stderr
            spec = json.loads(api.kubectl("get", "trainingjob", "net", "-n", "shop", "-o", "json"))["spec"]
            assert ("code" in spec, spec["command"]) == (False, ["python3", "train.py"])
            _pushed(spec["image"])
            images.append(spec["image"])
    finally:
        api.kubectl("delete", "trainingjobs", "--all", "-n", "shop", "--wait=false")
    # Other code is another image, though its tag is the same: a new run begins.
    assert len(set(images)) == 2
    assert all(image.startswith(f"{registry}/team/net@sha256:") for image in images)


@needs_buildah
def test_a_build_that_fails_is_told_with_the_builders_words(builder: Cli, net: Path, registry: str) -> None:
    _give_buildah(builder)
    (net / "Containerfile").write_text("FROM scratch\nCOPY no-such-file /\n")
    code, said = _train(builder, net, "--build", f"{registry}/team/net")
    assert code == 1
    assert "no-such-file" in said
    assert "buildah build ended with code" in said
    (net / "Containerfile").write_text("FROM scratch\nCOPY train.py /\n")
    code, said = _train(builder, net, "--build", f"127.0.0.1:{free_port()}/team/net")
    assert code == 1
    assert "buildah push ended with code" in said


def test_without_a_builder_it_says_what_is_missing(builder: Cli, net: Path) -> None:
    code, said = _train(builder, net, "--build", "registry.example.com/team/net")
    assert (code, "--build needs docker, buildah or podman" in said) == (2, True)
    docker = Path(builder.env["PATH"]) / "docker"
    docker.write_text("#!/bin/sh\nexit 1\n")
    docker.chmod(docker.stat().st_mode | stat.S_IXUSR)
    code, said = _train(builder, net, "--build", "registry.example.com/team/net")
    assert (code, "its daemon does not answer" in said) == (2, True)


def test_a_dry_run_builds_nothing(builder: Cli, net: Path) -> None:
    done = builder("train", net, "--build", "registry.example.com/team/net:1", "--dry-run")
    (job,) = yaml.safe_load_all(done.stdout)
    assert job["spec"] == {"image": "registry.example.com/team/net:1", "command": ["python3", "train.py"]}


def test_requirements_need_an_image_with_pip(builder: Cli, net: Path) -> None:
    podman = Path(builder.env["PATH"]) / "podman"
    podman.symlink_to(str(shutil.which("true")))
    (net / "requirements.txt").write_text("numpy\n")
    code, said = _train(builder, net, "--build", "registry.example.com/team/net")
    assert (code, "--base python:3.12" in said) == (2, True)


def test_the_file_that_is_made() -> None:
    assert containerfile("toolkit:1", has_requirements=True).splitlines() == [
        "FROM toolkit:1",
        "USER 0",
        "COPY --chown=65532:65532 . /app",
        "RUN python3 -m pip install --no-cache-dir -r /app/requirements.txt",
        "WORKDIR /app",
        "USER 65532:65532",
    ]
