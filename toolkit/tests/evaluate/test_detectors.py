"""Object detection: COCO's mean average precision of boxes that were held out."""

import json

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from aimass_toolkit.metrics import measure_for, metrics_of, primary_metric

LEFT, RIGHT = [0.25, 0.5, 0.2, 0.2], [0.75, 0.5, 0.2, 0.2]
# Of the same size, moved by a quarter of their width: 0.6 of both together is in both.
MOVED = [0.8, 0.5, 0.2, 0.2]


def measured(answers, truth, images=1):
    measure = measure_for("object-detection")
    for row in range(images):
        measure.add(
            *({name: np.array(values)[row : row + 1] for name, values in one.items()} for one in (answers, truth))
        )
    return measure.metrics()


def test_what_is_found_exactly_is_perfect():
    answers = {"boxes": [[RIGHT, LEFT]], "scores": [[0.9, 0.8]], "classes": [[1, 0]]}
    truth = {"boxes": [[LEFT, RIGHT]], "labels": [[0, 1]]}
    assert measured(answers, truth) == pytest.approx({"map": 1, "map50": 1, "map75": 1})


@pytest.mark.parametrize(
    ("answers", "map_of_all", "map50", "map75"),
    [
        # One of two is found: precision 1 up to recall 0.5, which is 51 of the 101 recalls that COCO looks at.
        ({"boxes": [[LEFT]], "scores": [[0.9]], "classes": [[0]]}, 51 / 101, 51 / 101, 51 / 101),
        # A wrong one comes first: precision 1/2 and 2/3.
        (
            {"boxes": [[[0.5, 0.1, 0.1, 0.1], LEFT, RIGHT]], "scores": [[0.9, 0.8, 0.7]], "classes": [[0, 0, 0]]},
            *[2 / 3] * 3,
        ),
        # Too little overlap for all but the first three thresholds: 0.5, 0.55 and 0.6.
        (
            {"boxes": [[LEFT, MOVED]], "scores": [[0.9, 0.8]], "classes": [[0, 0]]},
            (3 * 1 + 7 * 51 / 101) / 10,
            1,
            51 / 101,
        ),
        ({"boxes": [[LEFT]], "scores": [[0.9]], "classes": [[5]]}, 0, 0, 0),
    ],
)
def test_values_worked_out_by_hand(answers, map_of_all, map50, map75):
    wanted = {"map": map_of_all, "map50": map50, "map75": map75}
    assert measured(answers, {"boxes": [[LEFT, RIGHT]], "labels": [[0, 0]]}) == pytest.approx(wanted, abs=1e-6)


def test_images_and_classes_count_for_themselves():
    """Class 0 is found in its image, class 1 is looked for in another; places of -1 are empty."""
    answers = {"boxes": [[LEFT], [LEFT]], "scores": [[0.9], [0.9]], "classes": [[0], [0]]}
    truth = {"boxes": [[LEFT, LEFT], [RIGHT, LEFT]], "labels": [[0, -1], [1, -1]]}
    assert measured(answers, truth, images=2)["map50"] == pytest.approx(0.5)


def test_without_boxes_or_with_nan_there_is_no_figure():
    answers = {"boxes": [[LEFT]], "scores": [[np.nan]], "classes": [[0]]}
    assert measured(answers, {"boxes": [[LEFT]], "labels": [[-1]]}) == {}
    assert all(np.isnan(one) for one in measured(answers, {"boxes": [[LEFT]], "labels": [[0]]}).values())
    assert primary_metric("object-detection") == "map"
    assert metrics_of("object-detection") == ("map", "map50", "map75")


def detector(logits, boxes):
    """A graph that finds the same in every image."""
    constants = {"logits": np.array([logits], np.float32), "boxes": np.array([boxes], np.float32)}
    nodes = [
        helper.make_node("Shape", ["pixel_values"], ["images"], start=0, end=1),
        helper.make_node("Concat", ["images", "ones"], ["repeats"], axis=0),
        helper.make_node("Tile", ["one.logits", "repeats"], ["logits"]),
        helper.make_node("Tile", ["one.boxes", "repeats"], ["pred_boxes"]),
    ]
    graph = helper.make_graph(
        nodes,
        "detector",
        [helper.make_tensor_value_info("pixel_values", TensorProto.FLOAT, ["batch", 3, 8, 8])],
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", len(boxes), size])
            for name, size in (("logits", len(logits[0])), ("pred_boxes", 4))
        ],
        [
            numpy_helper.from_array(np.array([1, 1], np.int64), "ones"),
            *(numpy_helper.from_array(values, f"one.{name}") for name, values in constants.items()),
        ],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def space_for(workspace, logits, held_out, config, **document):
    space = workspace(task="object-detection", framework="pytorch", **document)
    (space.root / "output").mkdir()
    onnx.save(detector(logits, [LEFT, RIGHT]), space.root / "output/model.onnx")
    (space.root / "output/config.json").write_text(json.dumps({"id2label": {"0": "cat", "1": "dog"}, **config}))
    pixels = np.zeros((len(next(iter(held_out.values()))), 3, 8, 8), np.float32)
    np.savez(space.root / "output/held-out.npz", pixel_values=pixels, **held_out)
    return space


BOTH = {"boxes": np.array([[LEFT, RIGHT]] * 3), "labels": np.array([[0, 1], [0, 1], [0, -1]])}


@pytest.mark.parametrize(
    ("config", "logits"),
    [
        # The last class is "nothing", which says little where the others say more.
        ({"model_type": "detr"}, [[9, 0, 1], [0, 9, 1]]),
        ({"model_type": "rt_detr"}, [[9, -9], [-9, 9]]),
        ({"model_type": "deformable_detr"}, [[9, -9], [-9, 9]]),
    ],
)
def test_a_detector_is_measured_on_held_out_images(workspace, config, logits):
    evaluation = {"thresholds": [{"metric": "map50", "min": 0.8}]}
    space = space_for(workspace, logits, BOTH, config, evaluation=evaluation)
    report = space.run("evaluate")
    # The dog of the third image is not there: of its detections, 2 of 3 are right, at equal scores.
    assert 0.8 < report["metrics"]["map50"] <= 1
    assert report["metrics"]["map"] == pytest.approx(report["metrics"]["map50"])
    assert report["compared"] == {"metric": "map", "value": report["metrics"]["map"], "higherIsBetter": True}
    assert report["rows"] == 3


def test_labels_may_be_names(workspace):
    named = {**BOTH, "labels": np.array([["cat", "dog"], ["cat", "dog"], ["cat", ""]])}
    values = [
        space_for(workspace, [[9, 0, 1], [0, 9, 1]], held, {"model_type": "detr"}).run("evaluate")["metrics"]
        for held in (BOTH, named)
    ]
    assert values[0] == values[1]


@pytest.mark.parametrize(
    ("held_out", "reason", "says"),
    [
        ({"labels": BOTH["labels"]}, "EvaluationDataMissing", "no array boxes; write boxes [images, most, 4]"),
        ({**BOTH, "labels": np.array([0, 1, 0])}, "DataInvalid", "labels [3]; write boxes"),
        ({**BOTH, "boxes": BOTH["boxes"] * 640}, "DataInvalid", "go from 128 to 480; divide pixels by"),
        ({**BOTH, "labels": np.array([["cow", "", ""][:2]] * 3)}, "DataInvalid", 'the label "cow"; the classes'),
    ],
)
def test_boxes_in_another_form_are_refused(workspace, held_out, reason, says):
    space = space_for(workspace, [[9, 0, 1], [0, 9, 1]], held_out, {"model_type": "detr"})
    report = space.refused("evaluate", evaluation={"thresholds": []})
    assert report["reason"] == reason
    assert says in report["message"]


def test_a_model_without_boxes_is_refused(workspace):
    space = space_for(workspace, [[9, 0, 1], [0, 9, 1]], BOTH, {})
    model = onnx.load(space.root / "output/model.onnx")
    del model.graph.output[1]
    onnx.save(model, space.root / "output/model.onnx")
    report = space.refused("evaluate", evaluation={"thresholds": []})
    assert "pred_boxes [images, queries, 4]; this one gives logits" in report["message"]
