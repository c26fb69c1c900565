"""Vectors of short texts from an encoder as it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from common import precision

BATCH = 256


def embed(encoder: Any, tokenizer: Any, texts: Sequence[str]) -> Any:
    """Return the mean of the last hidden states of each text's tokens, special ones included: float32 (n, width).

    Args:
        encoder: a model that returns `last_hidden_state`.
        tokenizer: its tokenizer.
        texts: n texts.
    """
    import numpy as np
    import torch

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    encoder = encoder.to(device).eval()
    vectors = np.zeros((len(texts), int(encoder.config.hidden_size)), dtype=np.float32)
    if not texts:
        return vectors
    ids = tokenizer(list(texts), truncation=True, max_length=512, return_token_type_ids=False)["input_ids"]
    order = sorted(range(len(ids)), key=lambda row: len(ids[row]))  # which pads least
    dtype = precision.for_prediction() if device.type == "cpu" else torch.float32
    half = torch.autocast(device.type, dtype, enabled=dtype is not torch.float32)
    with torch.inference_mode(), half:
        for start in range(0, len(order), BATCH):
            rows = order[start : start + BATCH]
            batch = tokenizer.pad({"input_ids": [ids[row] for row in rows]}, return_tensors="pt").to(device)
            states = encoder(**batch).last_hidden_state.float()
            mask = batch["attention_mask"].unsqueeze(-1)
            vectors[rows] = ((states * mask).sum(1) / mask.sum(1)).cpu().numpy()
    return vectors
