"""The commands ``train``, ``jobs``, ``trials`` and ``logs``, and their options."""

from __future__ import annotations

import json
import sys
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import aimass
import typer
from aimass.training_logs import Which

from ..connection import Context, Namespace, Output, OutputOption, Place
from ..exits import UsageError, told_to_people
from ..render import console, show_rows, table
from ..watching import watch
from . import train as training
from .follow import now
from .job_spec import Flags
from .job_tables import job_row
from .jobs_view import job_detail
from .manifest import write_yaml
from .trials_view import trial_rows
from .words import objective

STAGES = ("prepare", "train", "evaluate", "convert", "compress", "publish")
_LOOK = 2.0


class Form(str, Enum):
    """Forms of a manifest."""

    YAML = "yaml"
    JSON = "json"


def train(
    folder: Annotated[
        Path | None, typer.Argument(metavar="DIR", help="Folder with the code, and perhaps a job.yaml.")
    ] = None,
    spec_file: Annotated[
        Path | None,
        typer.Option("--file", "-f", metavar="JOB.YAML", help="Manifest to start from. Default: DIR/job.yaml."),
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", help="Name of the job. Default: that of the manifest or DIR.")
    ] = None,
    framework: Annotated[
        str | None, typer.Option(help="pytorch, tensorflow, paddlepaddle, mxnet, caffe, horovod, sklearn or custom.")
    ] = None,
    task: Annotated[str | None, typer.Option(help="Task of the model, by its Hugging Face name.")] = None,
    command: Annotated[
        str | None, typer.Option(metavar="'PROGRAM ARGS'", help="What to run. Default: train.py or main.py of DIR.")
    ] = None,
    parameters: Annotated[
        list[str] | None, typer.Option("--param", metavar="NAME=VALUE", help="A parameter, as often as you like.")
    ] = None,
    data: Annotated[
        list[str] | None, typer.Option("--data", metavar="NAME=URI", help="A data set, as often as you like.")
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="Column to predict: cleans, encodes and splits the table first."),
    ] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Pods that train together.")] = None,
    gpu: Annotated[
        int | None, typer.Option(min=1, help="GPUs of each pod (nvidia.com/gpu unless job.yaml says other).")
    ] = None,
    cpu: Annotated[
        str | None, typer.Option(metavar="QUANTITY", help="Processors of each pod, such as 2 or 500m.")
    ] = None,
    memory: Annotated[str | None, typer.Option(metavar="QUANTITY", help="Memory of each pod, such as 8Gi.")] = None,
    image: Annotated[str | None, typer.Option(metavar="REF", help="Image to train in. Default: the toolkit's.")] = None,
    build: Annotated[
        str | None, typer.Option(metavar="REF", help="Build an image of DIR, push it to REF, and train in it.")
    ] = None,
    base: Annotated[
        str | None,
        typer.Option(metavar="REF", help="With --build: what the image starts from. Default: the toolkit's."),
    ] = None,
    model: Annotated[
        str | None, typer.Option("--publish-model", metavar="NAME", help="Make a Model of the result.")
    ] = None,
    thresholds: Annotated[
        list[str] | None,
        typer.Option(
            "--threshold", metavar="'METRIC>=N'", help="Publish only what reaches this; as often as you like."
        ),
    ] = None,
    follows: Annotated[bool, typer.Option("--follow/--no-follow", help="Stay until the run has ended.")] = True,
    has_logs: Annotated[bool, typer.Option("--logs", help="Show what worker 0 prints, too.")] = False,
    force: Annotated[bool, typer.Option("--force-conflicts", help="Take over fields that others hold.")] = False,
    is_dry: Annotated[
        bool, typer.Option("--dry-run", help="Print what would be applied; nothing is sent or built.")
    ] = False,
    form: Annotated[Form | None, typer.Option("--output", "-o", help="With --dry-run: form of the output.")] = None,
    namespace: Namespace = None,
    context: Context = None,
) -> None:
    """Train the code of a folder in the cluster, and see how it goes.

    [bold]Examples[/bold]

      aimass train .

      aimass train iris --data train=oci://registry/data/iris:1 --threshold 'accuracy>=0.9' --publish-model iris

      aimass train net --framework pytorch --workers 2 --param epochs=10 --param lr=1e-3 --logs

      aimass train net --build registry.example.com/team/net

      aimass train . --dry-run > job.yaml
    """
    with told_to_people():
        if form is not None and not is_dry:
            raise UsageError("--output is for --dry-run")
        if image is not None and build is not None:
            raise UsageError("--image names an image that is there, --build one that is made; give one or the other")
        if base is not None and build is None:
            raise UsageError("--base is for --build")
        flags = Flags(
            framework,
            task,
            command,
            parameters or [],
            data or [],
            target,
            workers,
            gpu,
            cpu,
            memory,
            image,
            model,
            thresholds or [],
        )
        asked = training.Asked(folder, spec_file, name, flags, build, base)
        if is_dry:
            _print_plan(training.make_plan(asked), form or Form.YAML, namespace)
            return
        place = Place(None, namespace, context)
        plan = training.make_plan(asked, find_base=lambda: _toolkit(place))
        cluster = Place(None, namespace or plan.namespace, context).cluster()
        training.run(cluster, plan, force=force, follows=follows, has_logs=has_logs)


def _toolkit(place: Place) -> str:
    try:
        return place.cluster().toolkit_image()
    except aimass.NotFound as error:
        raise UsageError(f"{error.message}; give --base REF, or write a Containerfile") from error


def _print_plan(plan: training.Plan, form: Form, namespace: str | None) -> None:
    where = namespace or plan.namespace
    objects = [item for item in (plan.code_map, plan.job) if item is not None]
    for item in objects:
        item["metadata"] = {**item["metadata"], **({"namespace": where} if where else {})}
    if form is Form.YAML:
        print(write_yaml(objects), end="")
    else:
        print(json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}, ensure_ascii=False, indent=2))


def jobs(
    name: Annotated[str | None, typer.Argument(help="One of them, in all detail. Default: all.")] = None,
    namespace: Namespace = None,
    context: Context = None,
    all_namespaces: Annotated[bool, typer.Option("--all-namespaces", "-A", help="Look in all namespaces.")] = False,
    output: OutputOption = Output.TABLE,
    is_watching: Annotated[
        bool, typer.Option("--watch", "-w", help="Show it again when it changes; Ctrl-C ends.")
    ] = False,
    interval: Annotated[float, typer.Option("--interval", help="Seconds between looks with --watch.")] = _LOOK,
) -> None:
    """See how trainings are: stages, progress, metrics, trials, and what they wait for.

    [bold]Examples[/bold]

      aimass jobs

      aimass jobs churn

      aimass jobs churn --watch

      aimass jobs -A -o json
    """
    with told_to_people():
        if name is not None and all_namespaces:
            raise UsageError("a job is in one namespace: give -n instead of -A")
        if is_watching and output is not Output.TABLE:
            raise UsageError("--watch shows a table; leave --output out")
        cluster = Place(None, namespace, context).cluster()

        def read() -> list[dict[str, Any]]:
            return [cluster.training.get(name)] if name else cluster.training_jobs(all_namespaces=all_namespaces)

        def draw(found: list[dict[str, Any]]) -> Any:
            return job_detail(found[0], now()) if name else table(rows_of(found))

        def rows_of(found: list[dict[str, Any]]) -> list[Any]:
            return [job_row(item, now(), has_namespace=all_namespaces) for item in found]

        if is_watching:
            watch(read, draw, interval)
        elif name and output is Output.TABLE:
            console().print(draw(read()))
        else:
            _show(read(), rows_of, output)


def _show(found: list[dict[str, Any]], rows_of: Any, output: Output) -> None:
    if not found and output is Output.TABLE:
        typer.echo("There is no TrainingJob here. Another namespace: -n NAME, all of them: -A.", err=True)
        return
    show_rows(found if output in (Output.JSON, Output.JSONL) else rows_of(found), output)


def trials(
    name: Annotated[str, typer.Argument(help="Name of the job.")],
    namespace: Namespace = None,
    context: Context = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """List all trials of a search, best first, with their parameters.

    [bold]Examples[/bold]

      aimass trials churn

      aimass trials churn -o csv > trials.csv
    """
    with told_to_people():
        cluster = Place(None, namespace, context).cluster()
        found = cluster.training.trials(name)
        if not found and output is Output.TABLE:
            typer.echo(f"No trial of {name} has begun yet; see aimass jobs {name}", err=True)
            return
        metric = objective(cluster.training.get(name)) or "value"
        is_whole = output in (Output.JSON, Output.JSONL)
        show_rows(found if is_whole else trial_rows(found, metric, now(), is_for_people=output is Output.TABLE), output)


def logs(
    name: Annotated[str, typer.Argument(help="Name of the job.")],
    worker: Annotated[int, typer.Option("--worker", min=0, help="Number of the worker.")] = 0,
    trial: Annotated[int | None, typer.Option("--trial", min=0, help="Number of the trial, in a search.")] = None,
    stage: Annotated[
        str | None,
        typer.Option("--stage", metavar="|".join(STAGES), help="Default: that which runs, failed, or trained."),
    ] = None,
    follows: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on until the run has ended, through restarts and stages.")
    ] = False,
    namespace: Namespace = None,
    context: Context = None,
) -> None:
    """Show what the pods of a training print.

    [bold]Examples[/bold]

      aimass logs churn -f

      aimass logs churn --worker 1

      aimass logs churn --stage convert
    """
    with told_to_people():
        if stage is not None and stage not in STAGES:
            raise UsageError(f"--stage is {stage!r}; use one of {', '.join(STAGES)}")
        cluster = Place(None, namespace, context).cluster()
        pod = ""
        try:
            for line in cluster.training.logs(name, Which(stage, worker, trial), follow=follows):
                if follows and line.pod != pod:
                    pod = line.pod
                    print(f"▸ {line.stage}: {pod}", file=sys.stderr)
                # Downloads run before the stage itself, in containers of their own.
                print(line.text if line.container == line.stage else f"{line.container} | {line.text}", flush=True)
        except KeyboardInterrupt:
            return
