"""The conversion in order: find, convert, name, put the preparation in front, prove, write."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import onnx

from aimass_toolkit.stage import graph as house
from aimass_toolkit.stage.document import Document
from aimass_toolkit.stage.golden import golden, golden_text
from aimass_toolkit.stage.json_file import read_json
from aimass_toolkit.stage.report import StageError
from aimass_toolkit.stage.session import Session

from . import outputs
from .describe import config, describe
from .merge import with_preparation
from .prove import prove
from .rows import Rows, as_served, example_rows, find_prepared, made_up_rows, prepared_rows
from .source import Source, find_source
from .write import write_converted


def convert_output(document: Document) -> dict[str, Any]:
    """Converts what is in the folder `output`; writes the folder `converted`; gives its report."""
    source = find_source(document)
    print(f"converting {source.file.name} ({source.kind})", flush=True)
    rows = find_rows(document, source)
    model, classes = to_onnx(document, source, rows)
    graph = served_graph(source, model, rows)
    session = open_session(graph)
    rows = rows or made_up_rows(
        {name: (session.shapes[name], session.types[name]) for name in session.inputs}, document.seed
    )
    rows = as_served(rows, session)
    proof = prove(source.predictor, session, rows, document.task)
    report: dict[str, Any] = {
        "format": "onnx",
        "opset": house.opset_of(onnx.load_from_string(graph)),
        "sizeBytes": len(graph),
        "from": source.kind,
        "largestDifference": float(f"{proof.largest:.3g}"),
        "rowsCompared": proof.rows,
        "rows": rows.origin,
        "preparation": rows.prepared is not None,
    }
    tflite = None
    if document.publish.tflite:
        from .tflite import make_tflite

        tflite, report["tflite"] = make_tflite(source, rows, document.task)
    write_converted(document, graph, texts(document, session, rows, report, classes), report, tflite)
    print(f"largest difference {proof.largest:.3g} on {proof.rows} rows ({rows.origin})", flush=True)
    return report


def find_rows(document: Document, source: Source) -> Rows | None:
    """Rows that were held out, else those of examples.npz, else none."""
    prepared = find_prepared(document, input_width(source))
    is_included = read_json(document.paths.output / "config.json").get("preprocessing") == "included"
    if prepared is not None and not is_included and len(source.predictor.inputs) <= 1:
        return prepared_rows(prepared)
    return example_rows(document)


def input_width(source: Source) -> int | None:
    """How many columns the trained model takes; -1 when it takes no table of numbers at all."""
    if source.predictor.width is not None:
        return source.predictor.width
    return -1 if source.kind in ("onnx", "sklearn") else None


def to_onnx(document: Document, source: Source, rows: Rows | None) -> tuple[onnx.ModelProto, list[Any] | None]:
    """The graph with the names of its task, and the classes where the trained model knows them."""
    native = rows.native if rows is not None else None
    predictor: Any = source.predictor
    converters: dict[str, Callable[[], onnx.ModelProto]] = {
        "onnx": lambda: from_("onnx").load(source.file),
        "sklearn": lambda: from_("sklearn").convert(predictor.estimator, native or {}),
        "lightgbm": lambda: from_("boosters").from_lightgbm(predictor.booster),
        "xgboost": lambda: from_("boosters").from_xgboost(predictor.booster),
        "torchscript": lambda: torchscript(predictor, native),
        "tensorflow": lambda: from_("tensorflow").convert(source.file),
        "paddle": lambda: from_("paddle").convert(source.file),
    }
    try:
        model = converters[source.kind]()
    except StageError:
        raise
    except ImportError as error:
        raise StageError(
            "ConversionFailed", f"{source.file.name} needs {error.name}, which this image lacks; set spec.framework."
        ) from error
    except Exception as error:
        words = " ".join(str(error).split())[:400]
        raise StageError(
            "ConversionFailed",
            f"{source.file.name} cannot be converted ({type(error).__name__}): {words}. Write ONNX in your program, "
            "or set spec.publish.convert to none.",
        ) from error
    if source.kind == "onnx":
        return model, None
    return named(document, source, model)


def from_(name: str) -> Any:
    """The module of one format, imported only now."""
    from importlib import import_module

    return import_module(f"{__package__}.from_{name}")


def torchscript(predictor: Any, native: Any) -> onnx.ModelProto:
    """A module needs rows to be followed through."""
    module = from_("torchscript")
    return module.convert(predictor.module, predictor.inputs, module.needs_examples(native))


def named(document: Document, source: Source, model: onnx.ModelProto) -> tuple[onnx.ModelProto, list[Any] | None]:
    """Outputs by the contract of the task. Classes other than 0, 1, 2, … become places, named in config.json."""
    integers = any(one.type.tensor_type.elem_type not in outputs.FLOATS for one in model.graph.output)
    is_classifier = source.kind in ("sklearn", "lightgbm", "xgboost") and integers
    estimator = getattr(source.predictor, "estimator", None)
    if is_classifier and estimator is not None and not hasattr(estimator, "predict_proba"):
        # Distances to a boundary are no probabilities.
        outputs.labels_only(model)
    outputs.name_outputs(model, document.task, is_classifier)
    outputs.two_columns(model)
    classes = list(source.predictor.classes) or None
    names = {one.name for one in model.graph.output}
    if classes is not None and classes != list(range(len(classes))) and "probabilities" in names:
        outputs.label_by_place(model)
    return model, classes


def served_graph(source: Source, model: onnx.ModelProto, rows: Rows | None) -> bytes:
    """The bytes of what is served. A graph that needs nothing stays as it is."""
    if rows is not None and rows.prepared is not None:
        return house.serialised(house.finish(with_preparation(model, rows.prepared), "model"))
    if source.kind == "onnx":
        weights = onnx.load(source.file, load_external_data=False).graph.initializer
        # What lies in other files is put into this one.
        return house.serialised(model) if any(one.external_data for one in weights) else source.file.read_bytes()
    return house.serialised(house.finish(model, "model"))


def open_session(graph: bytes) -> Session:
    """The converted model, loaded as it will be served."""
    try:
        return Session(graph)
    except Exception as error:
        words = " ".join(str(error).split())[:400]
        raise StageError(
            "ConversionFailed",
            f"onnxruntime cannot load the converted model: {words}. Write ONNX in your program, or set "
            "spec.publish.convert to none.",
        ) from error


def texts(
    document: Document, session: Session, rows: Rows, report: dict[str, Any], classes: list[Any] | None
) -> dict[str, str]:
    """The texts beside the model. Those that training wrote stay."""
    output = document.paths.output
    made = {"config.json": json.dumps(config(document, rows.prepared, classes), indent=2, ensure_ascii=False) + "\n"}
    if not (output / "card.md").exists():
        made["card.md"] = describe(document, session, rows.prepared, report)
    if not (output / "golden.json").exists() or rows.prepared is not None:
        made["golden.json"] = golden_text(golden(session, rows.served))
    return made
