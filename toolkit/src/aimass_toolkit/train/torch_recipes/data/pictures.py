"""Decoding an image file exactly as the runtime does before a model gets it."""

import io

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".tif", ".tiff")
MOST_PIXELS = 40_000_000
GREY_MODES = ("1", "L", "LA", "I", "I;16", "I;16B")


class Unreadable(Exception):
    """A file that is no image, or a broken one."""


def open_picture(content: bytes) -> Image.Image:
    """An image, upright and of 8 bits."""
    try:
        image = Image.open(io.BytesIO(content))
        if image.width * image.height > MOST_PIXELS:
            raise Unreadable(f"it has {image.width} x {image.height} pixels, more than {MOST_PIXELS}")
        image.load()
        if image.mode.startswith("I"):
            image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
        return ImageOps.exif_transpose(image)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise Unreadable("it is no image, corrupt or cut short") from error


def peek(content: bytes) -> tuple[tuple[int, int], bool] | None:
    """Size, and whether it is grey, by the first bytes of an image; None when it is none."""
    try:
        image = Image.open(io.BytesIO(content))
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    return image.size, image.mode in GREY_MODES
