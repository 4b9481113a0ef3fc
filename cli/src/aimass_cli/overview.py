"""Models and services of a cluster, as rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Group
from rich.text import Text

from .render import Row, table

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


def model_row(model: Mapping[str, Any], *, has_namespace: bool) -> Row:
    """One Model."""
    status = model.get("status") or {}
    current = status.get("current") or {}
    report = current.get("report") or {}
    ready = condition(status, "Ready")
    golden = report.get("golden") or {}
    return {
        **({"NAMESPACE": model["metadata"]["namespace"]} if has_namespace else {}),
        "NAME": model["metadata"]["name"],
        "TASK": model["spec"].get("task"),
        "READY": ready.get("status", "Unknown"),
        "REVISION": current.get("revision"),
        "SIZE": size(current.get("sizeBytes")),
        "GOLDEN": f"{golden['passed']}/{golden['total']}" if golden else None,
        "P50-MS": (report.get("latencyMs") or {}).get("p50"),
        "USED-BY": ", ".join(status.get("usedBy") or []) or None,
        "REASON": None if ready.get("status") == "True" else ready.get("reason"),
    }


def service_row(service: Mapping[str, Any], *, has_namespace: bool) -> Row:
    """One InferenceService."""
    status = service.get("status") or {}
    figures = status.get("figures") or {}
    ready = condition(status, "Ready")
    return {
        **({"NAMESPACE": service["metadata"]["namespace"]} if has_namespace else {}),
        "NAME": service["metadata"]["name"],
        "MODEL": (service["spec"].get("model") or {}).get("name"),
        "READY": ready.get("status", "Unknown"),
        "PODS": f"{status.get('readyReplicas', 0)}/{status.get('replicas', 0)}",
        "REVISION": status.get("modelRevision"),
        "RPS": figures.get("requestsPerSecond"),
        "P99-MS": (figures.get("latencyMs") or {}).get("p99"),
        "ERRORS": percent(figures.get("errorRate")),
        "WAITING-FOR": status.get("waitingFor"),
    }


def service_detail(service: Mapping[str, Any]) -> Group:
    """Everything of one InferenceService, for people."""
    status = service.get("status") or {}
    figures = status.get("figures") or {}
    facts = {
        **service_row(service, has_namespace=True),
        "P50-MS": (figures.get("latencyMs") or {}).get("p50"),
        "IN-FLIGHT": figures.get("inFlight"),
        "CPU": figures.get("cpu"),
        "MEMORY": size(figures.get("memoryBytes")),
        "FIGURES-OF": figures.get("observedAt"),
        "URL": status.get("url"),
    }
    lines = [{"": name, " ": value} for name, value in facts.items() if value not in (None, "")]
    parts: list[Any] = [table(lines, ["", " "])]
    revisions = status.get("revisions") or []
    if revisions:
        parts += [
            Text("\nREVISIONS", style="bold"),
            table(
                [
                    {
                        "NAME": r["name"],
                        "SHARE": f"{r['percent']} %",
                        "STATE": r["state"],
                        "DIGEST": r["modelDigest"][:19],
                    }
                    for r in revisions
                ]
            ),
        ]
    conditions = status.get("conditions") or []
    if conditions:
        parts += [Text("\nCONDITIONS", style="bold"), table([condition_row(entry) for entry in conditions])]
    return Group(*parts)


def condition_row(entry: Mapping[str, Any]) -> Row:
    """One condition."""
    return {
        "TYPE": entry["type"],
        "STATUS": entry["status"],
        "REASON": entry.get("reason"),
        "SINCE": entry.get("lastTransitionTime"),
        "MESSAGE": entry.get("message"),
    }


def condition(status: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    """The condition of that type; empty when it is not there."""
    return next((entry for entry in status.get("conditions") or [] if entry["type"] == kind), {})


def size(count: float | None) -> str | None:
    """Bytes for people."""
    if count is None:
        return None
    unit = 0
    while count >= 1024 and unit < len(_UNITS) - 1:
        count /= 1024
        unit += 1
    return f"{count:.3g} {_UNITS[unit]}"


def percent(share: float | None) -> str | None:
    """A share for people."""
    return None if share is None else f"{share * 100:.3g} %"
