"""A tiny random transformer and its tokenizer, made on the spot: for samples and tests, without a network."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

NAME = "tiny-random"  # what a profile gives as its backbone
VOCABULARY = 600


def tokenizer(texts: Iterable[str]) -> Any:
    """Return a fast WordPiece tokenizer trained on the texts."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    special = {
        "pad_token": "[PAD]",
        "unk_token": "[UNK]",
        "cls_token": "[CLS]",
        "sep_token": "[SEP]",
        "mask_token": "[MASK]",
    }
    made = Tokenizer(models.WordPiece(unk_token=special["unk_token"]))
    made.normalizer = normalizers.BertNormalizer()
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.decoder = decoders.WordPiece()
    trainer = trainers.WordPieceTrainer(
        vocab_size=VOCABULARY, special_tokens=list(special.values()), show_progress=False
    )
    made.train_from_iterator(texts, trainer)
    ends = [(token, made.token_to_id(token)) for token in ("[SEP]", "[CLS]")]
    made.post_processor = processors.BertProcessing(*ends)
    return PreTrainedTokenizerFast(tokenizer_object=made, model_max_length=512, **special)


def config(vocabulary: int, **more: Any) -> Any:
    """Return the configuration of a BERT of two layers and 64 dimensions."""
    from transformers import BertConfig

    return BertConfig(
        vocab_size=vocabulary, hidden_size=64, num_hidden_layers=2, num_attention_heads=2, intermediate_size=128,
        max_position_embeddings=512, **more,
    )  # fmt: skip
