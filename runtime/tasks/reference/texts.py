"""Small real tokenizers of the three kinds, and what the Python libraries make of difficult texts with them."""

import json
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

CORPUS = [
    "The quick brown fox jumps over the lazy dog. Pack my box with five dozen liquor jugs!",
    "My name is Sarah Connor and I live in London, England. Angela Merkel met Barack Obama in Berlin.",
    "Good service, great food, friendly people; I would come again. Bad service, cold food, rude people.",
    "A model is ready when its golden examples are answered correctly, again and again.",
    "Der schnelle braune Fuchs springt über den faulen Hund. Größe, Straße, Äpfel, Öl.",
    "Le café était très bon, l'hôtel aussi. Où est la bibliothèque? À côté de l'église.",
    "El niño comió mañana. ¿Dónde está el baño? ¡Qué día más bonito!",
    "Numbers: 0 1 2 3 4 5 6 7 8 9, 42, 3.14, 1999, 2026. Prices of $5.00 and 10% off.",
    "東京 は 日本 の 首都 です。 北京 是 中国 的 首都。 Москва столица России.",
] * 3

TEXTS = [
    "Hello, my name is Sarah Connor.",
    "the quick brown fox",
    "  two  spaces   and\ttabs\nlines  ",
    "Größe Straße café naïve",
    "cafe\u0301 decomposed, caf\u00e9 composed",
    "東京は日本の首都です",
    "Москва столица",
    "emoji 😀 and 👩‍👩‍👧 family",
    "won't can't I'm you're it's",
    "3.14, $5.00 (10%) -- [x] {y} <z>",
    "unknownwordthatgoesonandonandonwithoutend",
    "ALL CAPS and MiXeD",
    "a",
    "ﬁ ligature ½ ① Ａ",
    "[MASK] and <mask> in the text",
    "zero\u200bwidth soft\u00adhyphen no\u00a0break",
    "İstanbul ΣΑΣ ǅ",
    "x" * 120,
]
PAIRS = [("the quick brown fox", "jumps over the lazy dog"), ("Good food?", "Yes, great food and friendly people; again and again.")]


def wordpiece() -> tuple[Tokenizer, dict]:
    """As BERT has it, lower case."""
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokenizer.train_from_iterator(CORPUS, trainers.WordPieceTrainer(vocab_size=420, special_tokens=special))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    names = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]", "mask_token": "[MASK]"}
    return tokenizer, names


def byte_bpe() -> tuple[Tokenizer, dict]:
    """As RoBERTa has it."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=480, special_tokens=special, initial_alphabet=alphabet)
    tokenizer.train_from_iterator(CORPUS, trainer)
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), add_prefix_space=False)
    names = {"bos_token": "<s>", "eos_token": "</s>", "sep_token": "</s>", "cls_token": "<s>", "unk_token": "<unk>", "pad_token": "<pad>", "mask_token": "<mask>"}
    return tokenizer, names


def unigram() -> tuple[Tokenizer, dict]:
    """As XLM-R has it."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()])
    tokenizer.decoder = decoders.Metaspace()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    tokenizer.train_from_iterator(CORPUS, trainers.UnigramTrainer(vocab_size=320, special_tokens=special, unk_token="<unk>"))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    names = {"bos_token": "<s>", "eos_token": "</s>", "sep_token": "</s>", "cls_token": "<s>", "unk_token": "<unk>", "pad_token": "<pad>", "mask_token": "<mask>"}
    return tokenizer, names


def encode(tokenizer, **arguments) -> dict:
    """What a tokenizer gives, in plain lists."""
    made = tokenizer(**arguments, return_offsets_mapping=True, return_token_type_ids=True)
    return {key: [list(pair) for pair in value] if key == "offset_mapping" else list(value) for key, value in made.items()}


def write_references(folder: Path) -> None:
    """A folder for each tokenizer, and texts.json: what comes out."""
    out = {"texts": TEXTS, "pairs": PAIRS, "tokenizers": {}}
    for name, build in (("wordpiece", wordpiece), ("bpe", byte_bpe), ("unigram", unigram)):
        # Training gives another vocabulary at every run, so it is done once.
        if not (folder / name / "tokenizer.json").exists():
            raw, names = build()
            PreTrainedTokenizerFast(tokenizer_object=raw, model_max_length=128, **names).save_pretrained(folder / name)
        fast = PreTrainedTokenizerFast.from_pretrained(folder / name)
        out["tokenizers"][name] = {
            "single": [encode(fast, text=text) for text in TEXTS],
            "pair": [encode(fast, text=first, text_pair=second) for first, second in PAIRS],
            "cut": [encode(fast, text=text, truncation=True, max_length=8) for text in TEXTS],
            "cutPair": [encode(fast, text=a, text_pair=b, truncation=True, max_length=12) for a, b in PAIRS],
            "decoded": [fast.decode(fast(text)["input_ids"], skip_special_tokens=True) for text in TEXTS],
        }
    (folder / "texts.json").write_text(json.dumps(out) + "\n")
