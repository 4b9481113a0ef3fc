"""The commands and their options."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import aimass
import typer

from . import __version__
from .connection import Context, Namespace, Output, OutputOption, Place, Url
from .exits import UsageError, told_to_people
from .inputs import read_input
from .overview import model_row, service_detail, service_row
from .predict import Batching, predict, wants_progress
from .render import console, show_rows, table
from .training import commands, steering
from .watching import watch

_EXITS = (
    "Exit codes: 0 done; 1 the request failed; 2 wrong use, or a file that cannot be read; 3 no such model or service; "
    "4 not reachable or not ready, asking again later can help."
)
app = typer.Typer(
    name="aimass",
    help="Ask machine-learning models, train them, and see how they and their services are.",
    epilog=_EXITS,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
_ALL = Annotated[bool, typer.Option("--all-namespaces", "-A", help="Look in all namespaces.")]


def _print_version(is_asked: bool) -> None:
    if is_asked:
        print(f"aimass {__version__} (sdk {aimass.__version__})")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    """Ask machine-learning models, train them, and see how they and their services are."""


@app.command("predict", epilog=_EXITS)
def _predict(
    model: Annotated[str, typer.Argument(help="Name of the model, or of the service that serves it.")],
    files: Annotated[
        list[str] | None,
        typer.Argument(metavar="INPUT", help="Images, .npy arrays, a .csv or a .json; - is stdin."),
    ] = None,
    table_file: Annotated[
        str | None, typer.Option("--csv", metavar="FILE", help="A table whose head names the features; - is stdin.")
    ] = None,
    columns: Annotated[
        str | None, typer.Option("--columns", metavar="A,B,…", help="Columns of the table to send. Default: all.")
    ] = None,
    json_file: Annotated[
        str | None,
        typer.Option(
            "--json", metavar="FILE", help="A V2 or task request, an array, or a dict of arrays by input; - is stdin."
        ),
    ] = None,
    text: Annotated[
        list[str] | None, typer.Option("--text", metavar="TEXT", help="A text, as often as you like; - reads lines.")
    ] = None,
    url: Url = None,
    grpc_url: Annotated[
        str | None, typer.Option("--grpc-url", help="gRPC address (grpc://host:port) of the same server.")
    ] = None,
    namespace: Namespace = None,
    context: Context = None,
    protocol: Annotated[
        str, typer.Option("--protocol", metavar="auto|json|binary|grpc", help="What carries tensors.")
    ] = "auto",
    via: Annotated[
        str,
        typer.Option(metavar="auto|proxy|port-forward|direct", help="How to reach a service in the cluster."),
    ] = "auto",
    task: Annotated[
        str | None, typer.Option("--task", help="Task by its Hugging Face name. Default: the model's own.")
    ] = None,
    output: OutputOption = Output.TABLE,
    top: Annotated[int, typer.Option("--top", min=1, help="Labels to show of one answer, in a table or CSV.")] = 3,
    batch_size: Annotated[
        int | None, typer.Option("--batch-size", min=1, help="Rows or files in a request. Default: 256, 1 for files.")
    ] = None,
    concurrency: Annotated[int, typer.Option("--concurrency", min=1, max=256, help="Requests at once.")] = 4,
    progress: Annotated[
        bool | None,
        typer.Option("--progress/--no-progress", help="Show how far it is, on stderr.", show_default="auto"),
    ] = None,
    timeout: Annotated[float, typer.Option("--timeout", help="Seconds for one request, repeats included.")] = 30.0,
) -> None:
    """Ask a model.

    [bold]Examples[/bold]

      aimass predict digits image.png

      aimass predict digits *.png -o csv > labels.csv

      aimass predict iris --csv rows.csv

      cat rows.csv | aimass predict iris --csv - -o jsonl

      aimass predict iris --json request.json --url http://localhost:8080

      aimass predict reviews --text "I like it" -n shop
    """
    with told_to_people():
        if protocol not in ("auto", "json", "binary", "grpc"):
            raise UsageError(f"--protocol is {protocol!r}; use auto, json, binary or grpc")
        if timeout <= 0:
            raise UsageError(f"--timeout is {timeout:g}; give seconds above 0")
        place = Place(url, namespace, context)
        place.check()
        given = read_input(files=files or [], table=table_file, document=json_file, texts=text or [], columns=columns)
        batching = Batching(batch_size, concurrency, wants_progress(progress), task)
        options: dict[str, Any] = {"protocol": protocol, "timeout": timeout, "via": via, "grpc_url": grpc_url}
        with place.connect(model, **options) as client:
            predict(client, given, output, batching, top)


@app.command("models", epilog=_EXITS)
def _models(
    url: Url = None,
    namespace: Namespace = None,
    context: Context = None,
    all_namespaces: _ALL = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """List models: of a cluster with task, readiness, revision and users; or of one server.

    [bold]Examples[/bold]

      aimass models

      aimass models -A -o json

      aimass models --url http://localhost:8080
    """
    with told_to_people():
        place = Place(url, namespace, context)
        place.check()
        if place.url is not None:
            show_rows(_models_of_server(place), output)
            return
        models = place.cluster().models(all_namespaces=all_namespaces)
        _show_or_say(models, [model_row(item, has_namespace=all_namespaces) for item in models], output, "Model")


def _models_of_server(place: Place) -> list[dict[str, Any]]:
    with place.connect(None) as client:
        rows = []
        for entry in client.models():
            is_ready = entry.state == "READY"
            info = client.model_info(entry.name, entry.version or None) if is_ready else None
            rows.append(
                {
                    "NAME": entry.name,
                    "VERSION": entry.version or (", ".join(info.versions) if info else None),
                    "STATE": entry.state,
                    "TASK": info.task if info else None,
                    "REVISION": info.revision if info else None,
                    "INPUTS": "; ".join(map(str, info.inputs)) if info else None,
                    "OUTPUTS": "; ".join(map(str, info.outputs)) if info else None,
                    "REASON": entry.reason or None,
                }
            )
        return rows


@app.command("status", epilog=_EXITS)
def _status(
    service: Annotated[str | None, typer.Argument(help="A service, or a model that one serves. Default: all.")] = None,
    url: Url = None,
    namespace: Namespace = None,
    context: Context = None,
    all_namespaces: _ALL = False,
    output: OutputOption = Output.TABLE,
    is_watching: Annotated[
        bool, typer.Option("--watch", "-w", help="Show it again when it changes; Ctrl-C ends.")
    ] = False,
    interval: Annotated[float, typer.Option("--interval", help="Seconds between looks with --watch.")] = 2.0,
) -> None:
    """See how services are: pods, traffic, latency, errors, and what they wait for.

    [bold]Examples[/bold]

      aimass status

      aimass status iris

      aimass status -A --watch
    """
    with told_to_people():
        place = Place(url, namespace, context)
        place.check()
        if place.url is not None:
            show_rows(_status_of_server(place, service), output)
            return
        if service is not None and all_namespaces:
            raise UsageError("a service is in one namespace: give -n instead of -A")
        if is_watching and output is not Output.TABLE:
            raise UsageError("--watch shows a table; leave --output out")
        cluster = place.cluster()

        def read() -> list[dict[str, Any]]:
            return [cluster.service(service)] if service else cluster.services(all_namespaces=all_namespaces)

        def draw(services: list[dict[str, Any]]) -> Any:
            if service:
                return service_detail(services[0])
            return table([service_row(item, has_namespace=all_namespaces) for item in services])

        if is_watching:
            watch(read, draw, interval)
        elif service and output is Output.TABLE:
            console().print(draw(read()))
        else:
            services = read()
            rows = [service_row(item, has_namespace=all_namespaces) for item in services]
            _show_or_say(services, rows, output, "InferenceService")


def _show_or_say(objects: list[dict[str, Any]], rows: list[Any], output: Output, kind: str) -> None:
    """Tables and CSV show the rows; JSON shows the objects whole, for programs."""
    if not objects and output is Output.TABLE:
        typer.echo(f"There is no {kind} here. Another namespace: -n NAME, all of them: -A.", err=True)
        return
    show_rows(objects if output in (Output.JSON, Output.JSONL) else rows, output)


def _status_of_server(place: Place, model: str | None) -> list[dict[str, Any]]:
    with place.connect(model) as client:
        server = client.server_info()
        names = [model] if model else sorted({entry.name for entry in client.models()})
        return [
            {"NAME": name, "SERVER": f"{server.name} {server.version}", **_readiness(client, name)} for name in names
        ]


def _readiness(client: aimass.Client, name: str) -> dict[str, Any]:
    try:
        client.check_ready(name)
    except aimass.NotReady as error:
        return {"READY": "False", "REASON": error.message}
    return {"READY": "True", "REASON": None}


_TRAINING: list[Callable[..., None]] = [
    *(commands.train, commands.jobs, commands.trials, commands.logs),
    *(steering.retry, steering.rerun, steering.suspend, steering.resume),
]
for _command in _TRAINING:
    app.command(epilog=_EXITS)(_command)


def run() -> None:
    """Entry point of the console command."""
    app()
