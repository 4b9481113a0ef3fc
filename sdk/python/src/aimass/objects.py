"""Single objects of a namespace: the ones that training is made of."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from .errors import InvalidRequest
from .kube_access import KubeAccess

GROUP = "aimass.dev"
VERSION = "v1alpha1"

_APPLY = "application/apply-patch+yaml"
_MERGE = "application/merge-patch+json"
_OURS = f"/apis/{GROUP}/{VERSION}"
_PLACES = {
    "ConfigMap": ("/api/v1", "configmaps"),
    "Pod": ("/api/v1", "pods"),
    "Job": ("/apis/batch/v1", "jobs"),
    "Model": (_OURS, "models"),
    "InferenceService": (_OURS, "inferenceservices"),
    "TrainingJob": (_OURS, "trainingjobs"),
}


class Objects:
    """Objects of one namespace, by kind and name."""

    def __init__(self, access: KubeAccess, namespace: str) -> None:
        self._access = access
        self.namespace = namespace

    def path(self, kind: str, name: str | None = None) -> str:
        """Where objects of that kind are at the API server.

        Raises:
            InvalidRequest: the kind is none of those known here.
        """
        if kind not in _PLACES:
            raise InvalidRequest(f"kind is {kind!r}; use one of {', '.join(sorted(_PLACES))}")
        group, plural = _PLACES[kind]
        path = f"{group}/namespaces/{self.namespace}/{plural}"
        return path if name is None else f"{path}/{name}"

    def get(self, kind: str, name: str) -> dict[str, Any]:
        """One object; raises NotFound."""
        return dict(self._access.call("GET", self.path(kind, name)))

    def select(self, kind: str, selector: str) -> list[dict[str, Any]]:
        """The objects with these labels, such as ``a=b,c=d``."""
        return self._access.list_all(self.path(kind), selector)

    def apply(
        self, manifest: dict[str, Any], *, manager: str = "aimass", force: bool = False, dry_run: bool = False
    ) -> dict[str, Any]:
        """Make an object, or make it as the manifest says (server-side apply); gives it as it is then.

        Args:
            manifest: The object with ``apiVersion``, ``kind`` and ``metadata.name``, in the namespace of the cluster.
            manager: In whose name the fields are held. What it held before and leaves out now is taken away.
            force: Take over fields that somebody else holds.
            dry_run: Only ask whether it would be taken.

        Raises:
            InvalidRequest: the object breaks a rule of its kind, or somebody else holds a field (status 409).
        """
        meta = {**manifest["metadata"], "namespace": self.namespace}
        query = {"fieldManager": manager, "force": str(force).lower(), "fieldValidation": "Strict"}
        if dry_run:
            query["dryRun"] = "All"
        path = f"{self.path(manifest['kind'], meta['name'])}?{urlencode(query)}"
        return dict(self._access.call("PATCH", path, {**manifest, "metadata": meta}, content_type=_APPLY))

    def patch(self, kind: str, name: str, change: dict[str, Any], *, manager: str = "aimass") -> dict[str, Any]:
        """Change some fields of an object (merge patch); gives it as it is then."""
        path = f"{self.path(kind, name)}?{urlencode({'fieldManager': manager, 'fieldValidation': 'Strict'})}"
        return dict(self._access.call("PATCH", path, change, content_type=_MERGE))

    def remove(self, kind: str, name: str) -> None:
        """Delete an object; raises NotFound when there is none."""
        self._access.call("DELETE", self.path(kind, name))
