"""Port-forward to a ready pod of a service: listens on 127.0.0.1 as ``kubectl port-forward`` does."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Any

from .errors import NotReady, Unsupported
from .kube_access import KubeAccess

_CHUNK = 64 * 1024


class Forward:
    """Local ports that lead to pods with a label. Each new connection takes a pod that is ready then."""

    def __init__(self, access: KubeAccess, namespace: str, selector: str) -> None:
        self._access = access
        self._namespace = namespace
        self._selector = selector
        self._listeners: list[socket.socket] = []
        # Opening a stream swaps a function inside the kubernetes client for a moment.
        self._opening = threading.Lock()
        self._next = 0

    def listen(self, port_name: str, *, optional: bool = False) -> int | None:
        """Open a local port to the container port of that name; None when it is optional and no pod has it."""
        pods = self._ready_pods()
        if not pods:
            raise NotReady(f"no pod with the label {self._selector} is ready in the namespace {self._namespace!r}")
        if _port_of(pods[0], port_name) is None:
            if optional:
                return None
            raise Unsupported(f"the pods with the label {self._selector} have no port named {port_name!r}")
        listener = socket.create_server(("127.0.0.1", 0))
        self._listeners.append(listener)
        threading.Thread(target=self._accept, args=(listener, port_name), daemon=True, name="aimass-forward").start()
        return int(listener.getsockname()[1])

    def close(self) -> None:
        """Stop listening; connections that are open end with their client."""
        for listener in self._listeners:
            # shutdown wakes the thread that waits in accept; close alone does not.
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()

    def _ready_pods(self) -> list[dict[str, Any]]:
        pods = self._access.list_all(f"/api/v1/namespaces/{self._namespace}/pods", self._selector)
        return [pod for pod in pods if _is_ready(pod)]

    def _accept(self, listener: socket.socket, port_name: str) -> None:
        while True:
            try:
                local, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(local, port_name), daemon=True).start()

    def _serve(self, local: socket.socket, port_name: str) -> None:
        try:
            remote = self._open(port_name)
        except Exception:
            local.close()
            return
        there = threading.Thread(target=_pump, args=(local, remote), daemon=True)
        there.start()
        _pump(remote, local)
        there.join()
        local.close()
        remote.close()

    def _open(self, port_name: str) -> Any:
        from kubernetes.client import CoreV1Api
        from kubernetes.stream import portforward

        pods = self._ready_pods()
        with self._opening:
            self._next += 1
            pod = pods[self._next % len(pods)]
            port = _port_of(pod, port_name)
            api = CoreV1Api(self._access.new_client())
            stream = portforward(
                api.connect_get_namespaced_pod_portforward,
                pod["metadata"]["name"],
                self._namespace,
                ports=str(port),
            )
        remote = stream.socket(port)
        remote.setblocking(True)
        return remote


def _pump(source: Any, target: Any) -> None:
    """Carry bytes one way until it ends, and pass the end on."""
    with contextlib.suppress(OSError):
        while data := source.recv(_CHUNK):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def _is_ready(pod: dict[str, Any]) -> bool:
    if pod["metadata"].get("deletionTimestamp"):
        return False
    conditions = (pod.get("status") or {}).get("conditions") or []
    return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)


def _port_of(pod: dict[str, Any], name: str) -> int | None:
    for container in pod["spec"]["containers"]:
        for port in container.get("ports") or []:
            if port.get("name") == name:
                return int(port["containerPort"])
    return None
