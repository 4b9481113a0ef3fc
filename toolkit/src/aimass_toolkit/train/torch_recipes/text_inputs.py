"""Texts as a given model takes them: by its own tokenizer, in the inputs that its graph has."""

import numpy as np

from aimass_toolkit.stage.session import Session
from aimass_toolkit.train.given.model import GivenModel
from aimass_toolkit.train.given.session import Batch

from .problem import refuse
from .tokens import tokens_of

TOKEN_INPUTS = ("input_ids", "attention_mask", "token_type_ids", "position_ids")
TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "sentence_bert_config.json", "special_tokens_map.json")


def token_batch(given: GivenModel, session: Session, texts: list[str], pairs: list[str] | None = None) -> Batch:
    """Gives the tokens of some rows, INT64 [rows, places], cut to the longest; with `pairs`, two texts a row."""
    unknown = [name for name in session.inputs if name not in TOKEN_INPUTS]
    if unknown or "input_ids" not in session.inputs:
        refuse(
            "RecipeInvalid",
            f"{given.field} has the inputs {', '.join(session.inputs)}; it must take tokens "
            f"({', '.join(TOKEN_INPUTS)}). Name another Model.",
        )
    tokens = tokens_of(given)
    arrays = tokens.encode(texts, pairs)
    fixed = session.shapes["input_ids"][1]

    def batch(rows: np.ndarray) -> dict[str, np.ndarray]:
        longest = max(1, int(arrays["attention_mask"][rows].sum(1).max()))
        cut = {
            name: padded(values[rows, :longest], fixed, int(arrays["pad"]) if name == "input_ids" else 0)
            for name, values in arrays.items()
            if name in TOKEN_INPUTS
        }
        cut["position_ids"] = np.broadcast_to(np.arange(cut["input_ids"].shape[1]), cut["input_ids"].shape)
        return {name: cut[name].astype(np.int64) for name in session.inputs}

    return batch


def padded(values: np.ndarray, width: object, fill: int) -> np.ndarray:
    """Rows of the one length that a graph of fixed length takes."""
    if not isinstance(width, int) or values.shape[1] == width:
        return values
    if values.shape[1] > width:
        return values[:, :width]
    return np.pad(values, ((0, 0), (0, width - values.shape[1])), constant_values=fill)


def copied_files(given: GivenModel, names: tuple[str, ...] = TOKENIZER_FILES) -> dict[str, str]:
    """The files of a given model that go on beside the new one, as far as it has them."""
    return {
        name: (given.folder / name).read_text(encoding="utf-8") for name in names if (given.folder / name).is_file()
    }
