"""Labelled images: a folder for each class, one .npz file, or a table of paths and labels."""

import csv
import io
import zipfile
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

import numpy as np
from PIL import Image

from ..problem import refuse
from .labels import label_text
from .pictures import SUFFIXES, Unreadable, open_picture, peek
from .processor import ImageForm
from .tree import DataFile

BAD_SHARE = 0.01
LARGEST_OWN_SIZE = 128
DEFAULT_SIZE = 64
MOST_BYTES = 8 * 1024**3
WHITE = 255


@dataclass(frozen=True)
class ImageSet:
    """Images as uint8 [rows, height, width, colours] and the label of each."""

    pixels: np.ndarray
    labels: list[str]


@dataclass(frozen=True)
class Listed:
    """An image file and its label."""

    file: DataFile
    label: str


def load_images(files: list[DataFile], entry: str, form: ImageForm) -> ImageSet:
    """The images of one data entry, in one form."""
    arrays = [file for file in files if file.path.suffix == ".npz"]
    if arrays:
        return load_arrays(arrays[0], entry, form)
    tables = [file for file in files if file.path.suffix == ".csv"]
    listed = by_table(tables[0], files, entry) if tables else by_folder(files, entry)
    if not listed:
        refuse(
            "DataEmpty",
            f"data entry {entry!r} has no images; it needs a folder of PNG or JPEG files for each class, "
            "images.npz, or a CSV with path,label.",
        )
    return decode_all(listed, entry, form)


def by_folder(files: list[DataFile], entry: str) -> list[Listed]:
    """The class of an image is the name of the folder that it lies in."""
    images = [file for file in files if file.path.suffix.lower() in SUFFIXES]
    loose = next((file for file in images if len(file.path.parts) < 2), None)
    if loose is not None:
        refuse(
            "DataInvalid",
            f"{loose.path} of data entry {entry!r} lies in no class folder; put each image into a folder named "
            "for its class.",
        )
    return [Listed(file, file.path.parent.name) for file in images]


def by_table(table: DataFile, files: list[DataFile], entry: str) -> list[Listed]:
    """The paths of a table are relative to it."""
    rows, name = read_list(table, entry), table.path.name
    known, listed = {file.path: file for file in files}, []
    for number, row in enumerate(rows, start=2):
        file = known.get(table.path.parent / PurePosixPath(row["path"] or ""))
        if file is None:
            refuse(
                "DataInvalid",
                f"{name} line {number} names {row['path']!r}, which data entry {entry!r} lacks; correct the path.",
            )
        listed.append(Listed(file, label_text(row["label"], f"{name} line {number}")))
    return listed


def read_list(table: DataFile, entry: str) -> list[dict[str, str]]:
    """The rows of a CSV with the columns path and label."""
    try:
        reader = csv.DictReader(io.StringIO(table.read().decode("utf-8-sig"), newline=""))
        rows, columns = list(reader), reader.fieldnames or []
    except (UnicodeDecodeError, csv.Error) as error:
        refuse(
            "DataInvalid",
            f"{table.path.name} of data entry {entry!r} cannot be read as CSV ({error}); save it as UTF-8.",
        )
    for wanted in ("path", "label"):
        if wanted not in columns:
            refuse(
                "ColumnMissing",
                f"{table.path.name} has no column {wanted!r}; it has {', '.join(columns) or 'none'}. Add it.",
            )
    return rows


def decode_all(listed: list[Listed], entry: str, form: ImageForm) -> ImageSet:
    """Decodes the files. One in a hundred may be broken; more are refused, with the name of the first."""
    form, kept, labels, bad = settle_form(listed, form), [], [], []
    check_size(len(listed), form, entry)
    for item in listed:
        try:
            kept.append(form.bytes_of(open_picture(item.file.read())))
            labels.append(item.label)
        except Unreadable as error:
            bad.append(f"{item.file.path}: {error}")
    if len(bad) > BAD_SHARE * len(listed):
        refuse(
            "DataInvalid",
            f"{len(bad)} of {len(listed)} images of data entry {entry!r} cannot be read ({bad[0]}); at most 1 % "
            "may be. Replace or remove them.",
        )
    for problem in bad:
        print(f"image left out: {problem}", flush=True)
    return ImageSet(np.stack(kept), labels)


def settle_form(listed: list[Listed], form: ImageForm) -> ImageForm:
    """Size and colours by the images themselves, as far as the options leave them open."""
    if form.size is not None and form.colours is not None:
        return form
    sizes, greys = set(), True
    for item in listed:
        seen = peek(item.file.read())
        if seen is not None:
            sizes.add(seen[0])
            greys = greys and seen[1]
    own = next(iter(sizes))[0] if len(sizes) == 1 and len(set(*sizes)) == 1 else None
    size = own if own is not None and own <= LARGEST_OWN_SIZE else DEFAULT_SIZE
    return replace(form, size=form.size or (size, size), colours=form.colours or (1 if greys else 3))


def check_size(rows: int, form: ImageForm, entry: str) -> None:
    """Refuses more pixels than are held in memory."""
    total = rows * form.size[0] * form.size[1] * form.colours
    if total > MOST_BYTES:
        refuse(
            "DataInvalid",
            f"data entry {entry!r} has {total} bytes of pixels; at most {MOST_BYTES} are held. Lower the option "
            "imageSize.",
        )


def load_arrays(file: DataFile, entry: str, form: ImageForm) -> ImageSet:
    """Images of an .npz file: `images`, `labels`, and where labels are numbers maybe `label_names`."""
    arrays = read_npz(file, entry)
    for name in ("images", "labels"):
        if name not in arrays:
            refuse(
                "DataInvalid",
                f"{file.path.name} has no array {name!r}; it needs images and labels, it has "
                f"{', '.join(arrays) or 'none'}.",
            )
    images, labels = arrays["images"], arrays["labels"]
    if len(images) == 0:
        refuse("DataEmpty", f"{file.path.name} of data entry {entry!r} has no images; check how it was made.")
    if labels.shape != (len(images),):
        refuse(
            "DataInvalid",
            f"labels in {file.path.name} has the shape {labels.shape}; it must be one label for each of "
            f"{len(images)} images.",
        )
    pixels = as_bytes(with_colours(images, file), file)
    return shape_arrays(ImageSet(pixels, label_names(labels, arrays.get("label_names"), file)), form)


def read_npz(file: DataFile, entry: str) -> dict[str, np.ndarray]:
    """The arrays of an .npz file, objects refused."""
    try:
        with np.load(io.BytesIO(file.read()), allow_pickle=False) as content:
            return {name: content[name] for name in content.files}
    except (ValueError, OSError, zipfile.BadZipFile) as error:
        refuse(
            "DataInvalid",
            f"{file.path.name} of data entry {entry!r} cannot be read ({error}); save it with numpy.savez and "
            "no objects.",
        )


def with_colours(images: np.ndarray, file: DataFile) -> np.ndarray:
    """Images with a last dimension of colours."""
    shaped = images[..., None] if images.ndim == 3 else images
    if shaped.ndim != 4 or shaped.shape[3] not in (1, 3):
        refuse(
            "DataInvalid",
            f"images in {file.path.name} has the shape {images.shape}; it must be [rows, height, width] or "
            "[rows, height, width, 1 or 3].",
        )
    return shaped


def as_bytes(images: np.ndarray, file: DataFile) -> np.ndarray:
    """0…255 as uint8: floats within 0…1 are stretched, all others are taken as 0…255."""
    if images.dtype == np.uint8:
        return images
    values = images.astype(np.float64)
    if not np.isfinite(values).all() or values.min() < 0 or values.max() > WHITE:
        refuse(
            "DataInvalid", f"images in {file.path.name} has values outside 0 to 255 or NaN; scale them to 0…1 or 0…255."
        )
    if images.dtype.kind == "f" and values.max() <= 1:
        values = values * WHITE
    return np.rint(values).astype(np.uint8)


def label_names(labels: np.ndarray, names: np.ndarray | None, file: DataFile) -> list[str]:
    """The labels as texts, by the names that the file gives."""
    texts = [label_text(label, f"labels[{row}] in {file.path.name}") for row, label in enumerate(labels.tolist())]
    if names is None:
        return texts
    named = {str(index): str(name) for index, name in enumerate(names.tolist())}
    missing = next((text for text in texts if text not in named), None)
    if missing is not None:
        refuse(
            "DataInvalid",
            f"labels in {file.path.name} has {missing}, but label_names has {len(named)} names; they must fit.",
        )
    return [named[text] for text in texts]


def shape_arrays(images: ImageSet, form: ImageForm) -> ImageSet:
    """Arrays brought to the wanted form; square ones of moderate size stay as they are."""
    _, height, width, colours = images.pixels.shape
    own = height if height == width and height <= LARGEST_OWN_SIZE else DEFAULT_SIZE
    wanted = replace(form, size=form.size or (own, own), colours=form.colours or colours)
    if (height, width, colours) == (*wanted.size, wanted.colours) and wanted.shortest in (None, height):
        return images
    pictures = (Image.fromarray(image[..., 0] if colours == 1 else image) for image in images.pixels)
    return replace(images, pixels=np.stack([wanted.bytes_of(picture) for picture in pictures]))
