"""Code as a ConfigMap, named by what is in it."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from aimass.objects import GROUP

from .code_folder import Code

MANAGER = "aimass-cli"
JOB_LABEL = f"{GROUP}/training-job"
_LABELS = {"app.kubernetes.io/managed-by": MANAGER, "app.kubernetes.io/component": "code"}
_HASH_LENGTH = 10


def build_code_map(job: str, code: Code) -> dict[str, Any]:
    """The ConfigMap. Other code has another name, so that the job sees that it has changed."""
    texts: dict[str, str] = {}
    others: dict[str, str] = {}
    for name, content in code.files.items():
        try:
            texts[name] = content.decode("utf-8")
        except UnicodeDecodeError:
            others[name] = base64.b64encode(content).decode("ascii")
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": f"{job}-code-{_hash(code)}", "labels": {**_LABELS, JOB_LABEL: job}},
        "immutable": True,
        **({"data": texts} if texts else {}),
        **({"binaryData": others} if others else {}),
    }


def code_selector(job: str) -> str:
    """Labels of the ConfigMaps with the code of a job."""
    return ",".join(f"{key}={value}" for key, value in {**_LABELS, JOB_LABEL: job}.items())


def owned_by(job: dict[str, Any], code_map: dict[str, Any]) -> dict[str, Any]:
    """The same ConfigMap, which goes when the job is deleted."""
    owner = {
        "apiVersion": job["apiVersion"],
        "kind": job["kind"],
        "name": job["metadata"]["name"],
        "uid": job["metadata"]["uid"],
    }
    return {**code_map, "metadata": {**code_map["metadata"], "ownerReferences": [owner]}}


def _hash(code: Code) -> str:
    digest = hashlib.sha256()
    for name in sorted(code.files):
        content = code.files[name]
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()[:_HASH_LENGTH]
