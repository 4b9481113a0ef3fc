"""The options that say which server or cluster is meant; the same for every command."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Any

import aimass
import typer
from aimass.cluster import Cluster

from .exits import UsageError

Url = Annotated[
    str | None,
    typer.Option(
        "--url",
        envvar="AIMASS_URL",
        show_envvar=True,
        help="Talk to this server (http://… or grpc://…) instead of a cluster.",
    ),
]
Namespace = Annotated[
    str | None, typer.Option("--namespace", "-n", help="Namespace in the cluster. Default: that of the context.")
]
Context = Annotated[str | None, typer.Option("--context", help="Kube context. Default: the current one.")]


class Output(str, Enum):
    """Forms of output."""

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"


OutputOption = Annotated[Output, typer.Option("--output", "-o", help="Form of the output.")]


@dataclass(frozen=True)
class Place:
    """Where to look: a URL, or a namespace of a cluster."""

    url: str | None
    namespace: str | None
    context: str | None

    def check(self) -> None:
        """Refuse flags that contradict each other."""
        if self.url is not None and (self.namespace is not None or self.context is not None):
            raise UsageError(
                "--url (or AIMASS_URL) names a server, --namespace and --context a cluster; give one or the other"
            )

    def cluster(self) -> Cluster:
        """The cluster that is meant."""
        return Cluster(context=self.context, namespace=self.namespace)

    def connect(self, model: str | None, **options: Any) -> aimass.Client:
        """Connect to the server, or to the service of a model."""
        self.check()
        if self.url is not None:
            return aimass.connect(self.url, model=model, **options)
        if model is None:
            raise UsageError("name a service, or a server with --url")
        return aimass.connect(model, namespace=self.namespace, context=self.context, **options)
