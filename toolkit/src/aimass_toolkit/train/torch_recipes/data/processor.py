"""preprocessor_config.json: what is done to an image before a model gets it, read and written as the runtime
reads it.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from aimass_toolkit.train.given.model import GivenModel

from ..problem import refuse

BILINEAR = 2
WHITE = 255
FACTOR = 1 / WHITE


@dataclass(frozen=True)
class ImageForm:
    """The form that images are brought to; None where the images themselves decide."""

    size: tuple[int, int] | None = None
    colours: int | None = None
    shortest: int | None = None
    resample: int = BILINEAR

    def bytes_of(self, image: Image.Image) -> np.ndarray:
        """uint8 [height, width, colours]: grey or colours first, then resized, then cut to the middle."""
        image = image.convert("RGB")
        if self.colours == 1:
            image = image.convert("L")
        height, width = self.size
        target = (width, height) if self.shortest is None else shortest_size(image.size, self.shortest)
        if image.size != target:
            image = image.resize(target, Image.Resampling(self.resample))
        if image.size != (width, height):
            left, top = (image.width - width) // 2, (image.height - height) // 2
            image = image.crop((left, top, left + width, top + height))
        return np.asarray(image, dtype=np.uint8).reshape(height, width, self.colours)


def shortest_size(size: tuple[int, int], edge: int) -> tuple[int, int]:
    """Width and height with the shorter of both as wanted."""
    width, height = size
    long = max(1, edge * max(width, height) // min(width, height))
    return (edge, long) if width <= height else (long, edge)


def write_processor(form: ImageForm) -> dict:
    """The file for a network that takes values between 0 and 1 and normalises them itself."""
    size = {"height": form.size[0], "width": form.size[1]}
    return {
        "do_convert_grayscale": form.colours == 1,
        "do_resize": True,
        "size": size,
        "resample": form.resample,
        "do_rescale": True,
        "rescale_factor": FACTOR,
        "do_normalize": False,
    }


@dataclass(frozen=True)
class ImageInput:
    """The input of a model that takes images, and the numbers that it wants."""

    name: str
    config: dict
    form: ImageForm
    is_last: bool
    is_bytes: bool

    def values(self, pixels: np.ndarray) -> dict[str, np.ndarray]:
        """uint8 [rows, height, width, colours] as the model takes it."""
        if pixels.shape[1:] != (*self.form.size, self.form.colours):
            exact = ImageForm(self.form.size, self.form.colours)
            pixels = np.stack(
                [exact.bytes_of(Image.fromarray(one[..., 0] if one.shape[2] == 1 else one)) for one in pixels]
            )
        found = pixels if self.is_bytes else self.numbers(pixels)
        return {self.name: found if self.is_last else np.ascontiguousarray(found.transpose(0, 3, 1, 2))}

    def numbers(self, pixels: np.ndarray) -> np.ndarray:
        """Rescaled and normalised values."""
        values = pixels.astype(np.float32)
        if self.config.get("do_rescale", True):
            values = values * np.float32(self.config.get("rescale_factor", FACTOR))
        if not self.config.get("do_normalize", False):
            return values
        mean, deviation = (
            np.asarray(self.config[name], dtype=np.float32).reshape(-1) for name in ("image_mean", "image_std")
        )
        return (values - mean) / deviation


def read_input(name: str, shape: list, kind: str, given: GivenModel) -> ImageInput:
    """The image input of a graph, by its shape and the model's preprocessor_config.json."""
    config = given.json("preprocessor_config.json")
    is_last = len(shape) == 4 and shape[1] not in (1, 3) and shape[3] in (1, 3)
    colours = shape[3] if is_last else shape[1]
    grey = bool(config.get("do_convert_grayscale") or config.get("do_grayscale") or colours == 1)
    form = ImageForm(colours=1 if grey and colours != 3 else 3, resample=int(config.get("resample", BILINEAR)))
    height, width = shape[1:3] if is_last else shape[2:4]
    fixed = (height, width) if isinstance(height, int) and isinstance(width, int) else None
    sized = with_size(form, config, fixed)
    if sized is None:
        refuse(
            "RecipeInvalid",
            f"preprocessor_config.json of {given.field} does not bring images to one size; name a Model whose size has "
            "height and width.",
        )
    return ImageInput(name, config, sized, is_last, "uint8" in kind)


def with_size(form: ImageForm, config: dict, fixed: tuple[int, int] | None) -> ImageForm | None:
    """The forms that `size` and `crop_size` have, as far as images of any size get one size by them."""
    size, crop = config.get("size"), config.get("crop_size")
    if isinstance(size, int):
        size = {"shortest_edge": size} if config.get("do_center_crop") else {"height": size, "width": size}
    if isinstance(crop, int):
        crop = {"height": crop, "width": crop}
    size = size if config.get("do_resize") and isinstance(size, dict) else {}
    cropped = (crop["height"], crop["width"]) if config.get("do_center_crop") and isinstance(crop, dict) else None
    if "height" in size:
        return ImageForm(cropped or (size["height"], size["width"]), form.colours, None, form.resample)
    if "shortest_edge" in size and cropped:
        return ImageForm(cropped, form.colours, size["shortest_edge"], form.resample)
    return ImageForm(fixed, form.colours, None, form.resample) if fixed else None
