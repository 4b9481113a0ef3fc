"""Tokenizers: trained here or taken from a base model, in the files that the runtime reads."""

import json
from dataclasses import dataclass

import numpy as np
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from aimass_toolkit.train.given.model import GivenModel

from .problem import refuse

PAD, UNKNOWN, FIRST, BETWEEN, MASK = "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"
SPECIAL = [PAD, UNKNOWN, FIRST, BETWEEN, MASK]
NO_LIMIT = 1_000_000
LONGEST_CHARACTERS = 100_000


@dataclass(frozen=True)
class Tokens:
    """A tokenizer and the longest text that the model takes, in tokens."""

    definition: str
    config: dict
    longest: int

    @property
    def size(self) -> int:
        """How many different tokens there are."""
        return self.load().get_vocab_size(with_added_tokens=True)

    def load(self) -> Tokenizer:
        """The tokenizer, ready to encode."""
        tokenizer = Tokenizer.from_str(self.definition)
        tokenizer.no_padding()
        tokenizer.enable_truncation(self.longest)
        return tokenizer

    def files(self) -> dict[str, str]:
        """The files that go beside the model."""
        config = {**self.config, "model_max_length": self.longest}
        return {
            "tokenizer.json": self.definition,
            "tokenizer_config.json": json.dumps(config, indent=2, ensure_ascii=False) + "\n",
        }

    def encode(self, texts: list[str], pairs: list[str] | None = None) -> dict[str, np.ndarray]:
        """input_ids, attention_mask and token_type_ids, int32, padded to the longest of these texts; and the
        number that pads.
        """
        tokenizer = self.load()
        found = tokenizer.encode_batch(
            [text[:LONGEST_CHARACTERS] for text in texts] if pairs is None else list(zip(texts, pairs, strict=True))
        )
        width = max(1, *(len(one.ids) for one in found))
        pad = tokenizer.token_to_id(named(self.config, "pad_token") or PAD) or 0
        arrays = {
            name: np.full((len(found), width), fill, dtype=np.int32)
            for name, fill in (("input_ids", pad), ("attention_mask", 0), ("token_type_ids", 0))
        }
        arrays["pad"] = np.array(pad)
        for row, one in enumerate(found):
            arrays["input_ids"][row, : len(one.ids)] = one.ids
            arrays["attention_mask"][row, : len(one.ids)] = 1
            arrays["token_type_ids"][row, : len(one.ids)] = one.type_ids
        return arrays


def named(config: dict, name: str) -> str | None:
    """A special token that tokenizer_config.json names, as a text or as an object."""
    value = config.get(name)
    return value.get("content") if isinstance(value, dict) else value


def train_tokens(texts: list[str], options: dict) -> Tokens:
    """A tokenizer for these texts: WordPiece, or BPE over bytes. The same texts give the same one."""
    tokenizer = (byte_pairs if options["tokenizer"] == "bpe" else word_pieces)(texts, options)
    tokenizer.add_special_tokens(SPECIAL)
    ids = [(token, tokenizer.token_to_id(token)) for token in (FIRST, BETWEEN)]
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{FIRST} $A {BETWEEN}", pair=f"{FIRST} $A {BETWEEN} $B:1 {BETWEEN}:1", special_tokens=ids
    )
    config = {"tokenizer_class": "PreTrainedTokenizerFast", "clean_up_tokenization_spaces": False}
    config.update(pad_token=PAD, unk_token=UNKNOWN, cls_token=FIRST, sep_token=BETWEEN, mask_token=MASK)
    return Tokens(tokenizer.to_str(pretty=True) + "\n", config, options["maxLength"])


def word_pieces(texts: list[str], options: dict) -> Tokenizer:
    """The library numbers the pieces within words by chance, and breaks ties by number. So they are given to
    it in order.
    """
    tokenizer = Tokenizer(models.WordPiece(unk_token=UNKNOWN))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=options["lowercase"])
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    inner = inner_characters(tokenizer, texts)
    trainer = trainers.WordPieceTrainer(
        vocab_size=options["vocabulary"], special_tokens=[*SPECIAL, *inner], min_frequency=2, show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer=trainer, length=len(texts))
    trained = Tokenizer(models.WordPiece(tokenizer.get_vocab(with_added_tokens=False), unk_token=UNKNOWN))
    trained.normalizer, trained.pre_tokenizer, trained.decoder = (
        tokenizer.normalizer,
        tokenizer.pre_tokenizer,
        decoders.WordPiece(),
    )
    return trained


def inner_characters(tokenizer: Tokenizer, texts: list[str]) -> list[str]:
    """The characters that stand within words, as WordPiece writes them."""
    found: set[str] = set()
    for text in texts:
        for word, _ in tokenizer.pre_tokenizer.pre_tokenize_str(tokenizer.normalizer.normalize_str(text)):
            found.update(word[1:])
    return [f"##{character}" for character in sorted(found)]


def byte_pairs(texts: list[str], options: dict) -> Tokenizer:
    """Any text can be written in these tokens."""
    tokenizer = Tokenizer(models.BPE())
    lower = [normalizers.Lowercase()] if options["lowercase"] else []
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFC(), *lower])
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(
        vocab_size=options["vocabulary"],
        special_tokens=SPECIAL,
        min_frequency=2,
        show_progress=False,
        initial_alphabet=alphabet,
    )
    tokenizer.train_from_iterator(texts, trainer=trainer, length=len(texts))
    return tokenizer


def tokens_of(model: GivenModel, wanted: int | None = None) -> Tokens:
    """The tokenizer of a model; texts are cut to what the model takes, or to `wanted` if that is less."""
    path = model.folder / "tokenizer.json"
    if not path.is_file():
        refuse(
            "RecipeInvalid",
            f"{model.field} has no tokenizer.json, so texts cannot be turned into its tokens; name another Model.",
        )
    given, own = model.json("tokenizer_config.json"), model.json("sentence_bert_config.json")
    limits = [
        given.get("model_max_length"),
        own.get("max_seq_length"),
        model.config.get("max_position_embeddings"),
        wanted,
    ]
    usable = [int(limit) for limit in limits if isinstance(limit, int | float) and 2 < limit < NO_LIMIT]
    return Tokens(path.read_text(encoding="utf-8"), given, min(usable, default=512))
