"""The recipe image-classification."""

from dataclasses import replace
from typing import ClassVar

import numpy as np
from torch import nn

from aimass_toolkit.stage.document import Document
from aimass_toolkit.stage.session import Session
from aimass_toolkit.train.given.model import GivenModel
from aimass_toolkit.train.given.session import Batch

from .artifact import text_of
from .classification import Loaded, train_classifier
from .context import Context
from .data.images import ImageSet, load_images
from .data.labels import name_labels, number_labels
from .data.processor import ImageForm, ImageInput, read_input, write_processor
from .data.split import Part, split
from .data.tree import files_of
from .networks.convnet import MODEL_TYPE, ImageClassifier, widths
from .options import CLASSES, IMAGE, TEACHING, TRAINING, TRANSFER
from .problem import refuse
from .training.feeds import WHITE, Feed, ImageFeed

COLOURS = {"auto": None, "grey": 1, "rgb": 3}
TINY = 1e-3


def run(document: Document) -> dict:
    """Trains a classifier of images."""
    return train_classifier(document, ImageTask())


class ImageTask:
    """What is special about images."""

    table = (*TRAINING, *TRANSFER, *CLASSES, *TEACHING, *IMAGE)
    model_type = MODEL_TYPE
    is_text = False
    axes: ClassVar = {"pixel_values": {0: "batch"}, "logits": {0: "batch"}}
    copied = ("preprocessor_config.json",)

    def load(self, context: Context) -> Loaded:
        """All images in one form: that of the base model, else of the teacher, else what the options and the
        images say.
        """
        form, sets = wanted_form(context), {}
        for role, entry in context.entries().items():
            sets[role] = load_images(files_of(context.document.paths.data(entry), entry), entry, form)
            form = replace(form, size=sets[role].pixels.shape[1:3], colours=sets[role].pixels.shape[3])
        labels = name_labels(sets["train"].labels, "the training data")
        parts = {role: part_of(images, labels, role) for role, images in sets.items()}
        return Loaded(split(parts, context.document.seed), labels, form)

    def config(self, context: Context, loaded: Loaded) -> dict:
        """config.json of the network, without the classes."""
        if context.base is not None:
            return dict(context.base.config)
        sizes = widths(context.options["channels"], context.options["layers"])
        return {
            "model_type": MODEL_TYPE,
            "image_size": min(loaded.form.size),
            "num_channels": loaded.form.colours,
            "hidden_sizes": sizes,
        }

    def network(self, config: dict, dropout: float) -> nn.Module:
        """The network of a configuration."""
        return ImageClassifier(config, dropout)

    def start(self, network: nn.Module, loaded: Loaded) -> None:
        """Normalising by the training images."""
        pixels = loaded.parts.train.arrays["pixels"]
        means = pixels.mean((0, 1, 2), dtype=np.float64) / WHITE
        deviations = np.maximum(pixels.std((0, 1, 2), dtype=np.float64) / WHITE, TINY)
        network.backbone.normalise_as(means.tolist(), deviations.tolist())

    def feed(self, options: dict) -> Feed:
        """How rows become tensors."""
        return ImageFeed(options["augment"])

    def files(self, loaded: Loaded) -> dict[str, str]:
        """The files beside the model."""
        return {"preprocessor_config.json": text_of(write_processor(loaded.form))}

    def given_batch(self, given: GivenModel, session: Session, part: Part) -> Batch:
        """How rows become the inputs of a given model."""
        taken = image_input(given, session)
        return lambda rows: taken.values(part.arrays["pixels"][rows])


def part_of(images: ImageSet, labels: list[str], role: str) -> Part:
    """The images of one role as rows."""
    return Part({"pixels": images.pixels, "labels": number_labels(images.labels, labels, role)})


def image_input(given: GivenModel, session: Session) -> ImageInput:
    """How a given model takes images."""
    name = next((name for name, shape in session.shapes.items() if len(shape) == 4), None)
    if name is None or len(session.inputs) != 1:
        refuse(
            "RecipeInvalid",
            f"{given.field} has the inputs {', '.join(session.inputs)}; image-classification needs one that takes "
            "images. Name another Model.",
        )
    kind = next(one.type for one in session.session.get_inputs() if one.name == name)
    return read_input(name, session.shapes[name], kind, given)


def wanted_form(context: Context) -> ImageForm:
    """The form of the images, as far as it is known before they are read."""
    size, colours = context.options["imageSize"], COLOURS[context.options["colours"]]
    given = context.base or context.teacher
    if given is None:
        return ImageForm(None if size is None else (size, size), colours)
    form = image_input(given, Session(given.model.SerializeToString())).form
    if given is context.teacher:
        own = form if size is None else ImageForm((size, size), form.colours)
        return replace(own, colours=colours or form.colours)
    if size not in (None, *form.size) or colours not in (None, form.colours):
        refuse(
            "RecipeInvalid",
            f"imageSize or colours differ from spec.baseModel's {form.size[0]} x {form.size[1]} pixels of "
            f"{form.colours} channels; leave them out.",
        )
    return form
