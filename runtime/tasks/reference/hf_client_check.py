"""Runs the real huggingface_hub.InferenceClient against a server of the models in runtime/testdata/tasks and of the library.

    python hf_client_check.py URL IMAGE_FOLDER

Prints one line for each task, and fails when an answer is not what the task promises.
"""

import sys
from pathlib import Path

import numpy as np
from huggingface_hub import InferenceClient
from huggingface_hub.errors import HfHubHTTPError

SENTENCES = ["My name is Sarah Connor and I live in London.", "Good food, bad service!"]
IRIS = {"sepal length (cm)": ["5.1", "6.3"], "sepal width (cm)": ["3.4", "2.9"], "petal length (cm)": ["1.5", "5.6"], "petal width (cm)": ["0.2", "1.8"]}


def check(base: str, folder: Path) -> None:
    """Every task that the client and the server share, by `model=` and by `base_url=`."""
    def at(name: str, path: str = "") -> InferenceClient:
        return InferenceClient(model=f"{base}/models/{name}{path}")

    image = folder / "wide.png"
    digit = at("digits").image_classification(image)
    assert len(digit) == 5 and digit[0].score >= digit[1].score, digit
    top = InferenceClient(base_url=f"{base}/models/digits").image_classification(image.read_bytes(), top_k=2)
    assert [entry.label for entry in top] == [entry.label for entry in digit[:2]], top
    print("image-classification", top[0].label)

    things = at("detector").object_detection(str(image), threshold=0.0)
    assert len(things) == 4 and things[0].box.xmax >= things[0].box.xmin, things
    print("object-detection", things[0].label, things[0].box)

    classes = at("classifier").text_classification(SENTENCES[0])
    assert len(classes) == 3 and abs(sum(entry.score for entry in classes) - 1) < 1e-5, classes
    assert len(at("classifier").text_classification(SENTENCES[0], top_k=1, function_to_apply="sigmoid")) == 1
    print("text-classification", classes[0].label)

    entities = at("tagger-wordpiece").token_classification(SENTENCES[0], aggregation_strategy="simple")
    assert all(SENTENCES[0][entity.start : entity.end] for entity in entities), entities
    assert at("tagger-wordpiece").token_classification(SENTENCES[0])[0].entity is not None
    print("token-classification", entities[0].entity_group, entities[0].word)

    vectors = at("embedder").feature_extraction(SENTENCES, normalize=True, truncate=True, truncation_direction="right")
    assert vectors.shape == (2, 16) and vectors.dtype == np.float32, vectors.shape
    assert at("embedder", "/pipeline/feature-extraction").feature_extraction(SENTENCES[0], prompt_name="query").shape == (1, 16)
    print("feature-extraction", vectors.shape)

    likeness = at("embedder", "/pipeline/sentence-similarity").sentence_similarity(SENTENCES[0], other_sentences=SENTENCES)
    assert abs(likeness[0] - 1) < 1e-5, likeness
    print("sentence-similarity", likeness)

    labels = at("iris").tabular_classification(IRIS)
    assert labels == ["setosa", "virginica"], labels
    print("tabular-classification", labels)

    # The client has a method for tabular-regression, but refuses to send it anywhere (huggingface_hub 2.4.0).

    guesses = at("masker").fill_mask("the quick brown [MASK] jumps", top_k=3)
    assert len(guesses) == 3, guesses
    print("fill-mask", guesses[0].token_str)

    fits = at("nli").zero_shot_classification(SENTENCES[0], ["people", "food"], multi_label=True)
    assert len(fits) == 2, fits
    print("zero-shot-classification", fits[0].label)

    try:
        at("classifier").image_classification(image)
        raise AssertionError("an image for a text model was taken")
    except HfHubHTTPError as error:
        assert error.response.status_code == 400, error
        print("errors", error.response.json()["error"][:80])


if __name__ == "__main__":
    check(sys.argv[1].rstrip("/"), Path(sys.argv[2]))
    print("huggingface_hub: all right")
