"""``--build``: an image of a folder, pushed, and named by its digest."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import aimass

from ..exits import UsageError
from .code_folder import BUILD_FILES, wanted_files

_BUILDERS = ("docker", "buildah", "podman")
_REFERENCE = re.compile(
    r"^[a-zA-Z0-9.-]+(:[0-9]+)?(/[a-z0-9]+([._-]+[a-z0-9]+)*)+(:[A-Za-z0-9_][A-Za-z0-9._-]{0,127})?$"
)
_LOCAL = re.compile(r"^(localhost|127\.\d+\.\d+\.\d+)(:\d+)?/")
_DIGEST = re.compile(r"sha256:[a-f0-9]{64}")
_USER = "65532:65532"


@dataclass(frozen=True)
class Built:
    """What came of it: the reference by digest, and whether the folder says itself how its image is made."""

    reference: str
    has_own_file: bool


def own_build_file(folder: Path) -> Path | None:
    """The Containerfile or Dockerfile of a folder."""
    return next((folder / name for name in BUILD_FILES if (folder / name).is_file()), None)


def check_reference(reference: str) -> None:
    """Refuse what does not name a registry, a repository and perhaps a tag."""
    if not _REFERENCE.match(reference):
        raise UsageError(
            f"--build is {reference!r}; name a registry, a lower-case repository and perhaps a tag, such as "
            "registry.example.com/team/train:1"
        )


def build_image(folder: Path, reference: str, base: str | None, find_base: Callable[[], str]) -> Built:
    """Build an image of the folder and push it.

    Args:
        folder: The folder; its Containerfile or Dockerfile counts, else one is made for it.
        reference: Where it goes.
        base: The image that a made Containerfile starts from.
        find_base: Tells it when none is given; asked only then.

    Raises:
        UsageError: there is no builder, or the reference is none.
        AimassError: building or pushing failed; the builder has said why.
    """
    check_reference(reference)
    builder = find_builder()
    own = own_build_file(folder)
    if own is not None:
        _run(builder, "build", "-f", str(own), "-t", reference, str(folder))
    else:
        with tempfile.TemporaryDirectory(prefix="aimass-build-") as context:
            _stage(folder, Path(context), base, find_base)
            _run(builder, "build", "-f", str(Path(context) / BUILD_FILES[0]), "-t", reference, context)
    digest = _push(builder, reference)
    return Built(f"{_repository(reference)}@{digest}", own is not None)


def find_builder() -> str:
    """The first builder of the PATH that works."""
    there = [name for name in _BUILDERS if shutil.which(name)]
    for name in there:
        # A docker without its daemon builds nothing.
        if name != "docker" or _answers(name):
            return name
    why = "; docker is there, but its daemon does not answer" if there else ""
    raise UsageError(f"--build needs docker, buildah or podman, and none of them works here{why}")


def containerfile(base: str, *, has_requirements: bool) -> str:
    """How an image is made of a folder that does not say it itself."""
    install = ["RUN python3 -m pip install --no-cache-dir -r /app/requirements.txt"] if has_requirements else []
    lines = [f"FROM {base}", "USER 0", f"COPY --chown={_USER} . /app", *install, "WORKDIR /app", f"USER {_USER}"]
    return "".join(f"{line}\n" for line in lines)


def _stage(folder: Path, context: Path, base: str | None, find_base: Callable[[], str]) -> None:
    has_requirements = (folder / "requirements.txt").is_file()
    if has_requirements and base is None:
        raise UsageError(
            f"{folder.name!r} has a requirements.txt, and the toolkit image has no pip to install it with: name "
            "an image that has, such as --base python:3.12, or write a Containerfile"
        )
    base = base or find_base()
    for name, path in wanted_files(folder):
        target = context / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    text = containerfile(base, has_requirements=has_requirements)
    (context / BUILD_FILES[0]).write_text(text, encoding="utf-8")
    # The file itself is no part of the image.
    for ignore in (".dockerignore", ".containerignore"):
        (context / ignore).write_text(f"{BUILD_FILES[0]}\n.dockerignore\n.containerignore\n", encoding="utf-8")


def _push(builder: str, reference: str) -> str:
    """Push; gives the digest."""
    if builder == "docker":
        _run(builder, "push", reference)
        found = _output(builder, "inspect", "--format", "{{json .RepoDigests}}", reference)
        found = next((text for text in found.split('"') if text.startswith(f"{_repository(reference)}@")), "")
    else:
        # What Docker does by itself: a registry of this machine needs no certificate.
        flags = ["--tls-verify=false"] if _LOCAL.match(reference) else []
        with tempfile.TemporaryDirectory(prefix="aimass-push-") as folder:
            file = Path(folder) / "digest"
            _run(builder, "push", *flags, "--digestfile", str(file), reference, f"docker://{reference}")
            found = file.read_text(encoding="utf-8")
    digest = _DIGEST.search(found)
    if digest is None:
        raise aimass.AimassError(f"{builder} has pushed {reference}, but does not tell its digest; use --image with it")
    return digest[0]


def _repository(reference: str) -> str:
    host, slash, path = reference.rpartition("/")
    return f"{host}{slash}{path.partition(':')[0]}"


def _run(builder: str, *arguments: str) -> None:
    """Run it with what it prints on stderr, where people look and programs do not."""
    done = subprocess.run([builder, *arguments], stdout=sys.stderr, check=False)
    if done.returncode != 0:
        raise aimass.AimassError(f"{builder} {arguments[0]} ended with code {done.returncode}; its words are above")


def _output(builder: str, *arguments: str) -> str:
    return subprocess.run([builder, *arguments], capture_output=True, text=True, check=False).stdout


def _answers(builder: str) -> bool:
    return subprocess.run([builder, "version"], capture_output=True, check=False).returncode == 0
