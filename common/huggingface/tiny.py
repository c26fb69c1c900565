"""A tiny random transformer and its tokenizer, for samples and tests: nothing is downloaded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

NAME = "tiny-random"  # what a profile gives as its backbone
VOCABULARY = 600
SPECIAL = {
    "pad_token": "[PAD]",
    "unk_token": "[UNK]",
    "cls_token": "[CLS]",
    "sep_token": "[SEP]",
    "mask_token": "[MASK]",
}


def tokenizer(texts: Iterable[str]) -> Any:
    """Return a fast WordPiece tokenizer of the texts' letters and commonest words.

    The vocabulary is counted, not trained: the trainers of `tokenizers` break ties at random.
    """
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    normalizer, splitter = normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer()
    words = Counter(
        word for text in texts for word, _ in splitter.pre_tokenize_str(normalizer.normalize_str(text)) if word
    )
    letters = sorted({letter for word in words for letter in word})
    common = sorted((word for word in words if len(word) > 1), key=lambda word: (-words[word], word))
    pieces = [*SPECIAL.values(), *letters, *(f"##{letter}" for letter in letters), *common]
    vocabulary = {piece: number for number, piece in enumerate(dict.fromkeys(pieces[:VOCABULARY]))}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token=SPECIAL["unk_token"]))
    tokenizer.normalizer, tokenizer.pre_tokenizer, tokenizer.decoder = normalizer, splitter, decoders.WordPiece()
    ends = ((SPECIAL[name], vocabulary[SPECIAL[name]]) for name in ("sep_token", "cls_token"))
    tokenizer.post_processor = processors.BertProcessing(*ends)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=512, **SPECIAL)


def config(vocabulary: int, **more: Any) -> Any:
    """Return the configuration of a BERT of two layers and 64 dimensions."""
    from transformers import BertConfig

    return BertConfig(
        vocab_size=vocabulary, hidden_size=64, num_hidden_layers=2, num_attention_heads=2, intermediate_size=128,
        max_position_embeddings=512, **more,
    )  # fmt: skip
