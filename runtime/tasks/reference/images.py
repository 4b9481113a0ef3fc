"""Image files of every kind that clients send, and what transformers makes of them."""

import base64
import json
from pathlib import Path

import numpy as np
from PIL import Image
from transformers import CLIPImageProcessorPil, ConvNextImageProcessorPil, DetrImageProcessorPil, ViTImageProcessorPil
from transformers.image_utils import load_image

MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
HALF = [0.5, 0.5, 0.5]


def scene(width: int, height: int) -> np.ndarray:
    """A picture with edges, slopes and fine texture, the same at every run."""
    y, x = np.mgrid[0:height, 0:width]
    red = 255 * x / (width - 1)
    green = 127.5 * (1 + np.sin(x * 0.9) * np.cos(y * 0.7))
    blue = np.where((x // 5 + y // 7) % 2 == 0, 230, 20)
    return np.stack([red, green, blue], axis=-1).round().astype(np.uint8)


def write_files(folder: Path) -> None:
    """One file of each kind."""
    wide = Image.fromarray(scene(31, 22))
    tall = Image.fromarray(scene(15, 26))
    wide.save(folder / "wide.png")
    tall.save(folder / "tall.png")
    wide.save(folder / "wide.jpg", quality=90)
    wide.save(folder / "wide-420.jpg", quality=75, subsampling=2)
    wide.save(folder / "wide.webp", lossless=True)
    wide.save(folder / "wide.tiff")
    wide.convert("P", palette=Image.Palette.ADAPTIVE).save(folder / "palette.png")
    wide.convert("L").save(folder / "grey.png")
    alpha = wide.copy()
    alpha.putalpha(Image.fromarray(np.tile(np.arange(31, dtype=np.uint8) * 8, (22, 1))))
    alpha.save(folder / "alpha.png")
    Image.fromarray(scene(31, 22)[..., 0].astype(np.uint16) * 257).save(folder / "grey16.png")
    wide.convert("CMYK").save(folder / "cmyk.jpg", quality=95)
    frames = [wide.convert("P"), wide.transpose(Image.Transpose.FLIP_LEFT_RIGHT).convert("P")]
    frames[0].save(folder / "animated.gif", save_all=True, append_images=frames[1:], duration=50)
    for orientation in (3, 6, 8):
        exif = Image.Exif()
        exif[0x0112] = orientation
        wide.save(folder / f"exif-{orientation}.jpg", quality=90, exif=exif)


def processors() -> dict[str, object]:
    """Image processors with every form of size that preprocessor_config.json has."""
    return {
        "vit": ViTImageProcessorPil(size={"height": 10, "width": 12}, image_mean=HALF, image_std=HALF),
        "vit-bicubic": ViTImageProcessorPil(size={"height": 33, "width": 9}, resample=3),
        "vit-lanczos": ViTImageProcessorPil(size={"height": 8, "width": 8}, resample=1, do_normalize=False),
        "vit-nearest": ViTImageProcessorPil(size={"height": 8, "width": 8}, resample=0, do_normalize=False),
        "vit-box-up": ViTImageProcessorPil(size={"height": 40, "width": 45}, resample=4, do_normalize=False),
        "clip": CLIPImageProcessorPil(size={"shortest_edge": 18}, crop_size={"height": 16, "width": 15}),
        "clip-pad": CLIPImageProcessorPil(size={"shortest_edge": 12}, crop_size={"height": 15, "width": 19}),
        "convnext": ConvNextImageProcessorPil(size={"shortest_edge": 21}, crop_pct=0.875),
        "detr": DetrImageProcessorPil(size={"shortest_edge": 24, "longest_edge": 32}, image_mean=MEAN, image_std=STD),
        "plain": ViTImageProcessorPil(do_resize=False, do_normalize=False),
    }


def pixels(processor, path: Path) -> dict:
    """pixel_values of one file, as a pipeline would make them."""
    image = load_image(str(path))
    return packed(np.asarray(processor(images=[image], return_tensors="np")["pixel_values"], dtype=np.float32))


def packed(values: np.ndarray) -> dict:
    return {"shape": list(values.shape), "values": base64.b64encode(values.astype(np.float32).tobytes()).decode()}


def grey_pixels(config: dict, path: Path) -> dict:
    """What Pillow makes of the library's digits: grey first, then smaller."""
    image = load_image(str(path)).convert("L").resize((config["size"]["width"], config["size"]["height"]), Image.Resampling.BILINEAR)
    return packed((np.asarray(image, dtype=np.float64) * config["rescale_factor"])[None, None])


def write_references(folder: Path) -> None:
    """images.json: the configuration of each processor, and what it gives for which file."""
    write_files(folder)
    made = processors()
    files = sorted(path.name for path in folder.iterdir() if path.suffix in {".png", ".jpg", ".webp", ".tiff", ".gif"})
    cases = [("plain", name) for name in files]
    cases += [(name, file) for name in made if name != "plain" for file in ("wide.png", "tall.png")]
    digits = json.loads((Path(__file__).parents[3] / "library" / "digits" / "preprocessor_config.json").read_text())
    out = {
        "processors": {"digits": digits, **{name: json.loads(processor.to_json_string()) for name, processor in made.items()}},
        "cases": [{"processor": name, "file": file, **pixels(made[name], folder / file)} for name, file in cases]
        + [{"processor": "digits", "file": file, **grey_pixels(digits, folder / file)} for file in ("wide.png", "tall.png")],
    }
    (folder / "images.json").write_text(json.dumps(out) + "\n")
