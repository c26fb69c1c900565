"""Vectors of short texts from an encoder as it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from common.environment import cpu_has_bfloat16

BATCH = 256
ROUND_TO = 8  # lengths are padded to multiples of it: few shapes, so that compiled kernels are used again


def embed(encoder: Any, tokenizer: Any, texts: Sequence[str]) -> Any:
    """Return the mean of the last states of each text's tokens, special ones included: float32 (n, width).

    Args:
        encoder: a model that returns `last_hidden_state`.
        tokenizer: its tokenizer.
        texts: n texts; they are encoded in order of length, which pads least.
    """
    import numpy as np
    import torch

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    encoder = encoder.to(device).eval()
    vectors = np.zeros((len(texts), int(encoder.config.hidden_size)), dtype=np.float32)
    order = sorted(range(len(texts)), key=lambda row: len(texts[row]))
    half = torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cpu" and cpu_has_bfloat16())
    with torch.inference_mode(), half:
        for start in range(0, len(order), BATCH):
            rows = order[start : start + BATCH]
            batch = tokenizer(
                [texts[row] for row in rows], padding=True, pad_to_multiple_of=ROUND_TO, truncation=True,
                max_length=512, return_tensors="pt", return_token_type_ids=False,
            ).to(device)  # fmt: skip
            states = encoder(**batch).last_hidden_state.float()
            mask = batch["attention_mask"].unsqueeze(-1)
            vectors[rows] = ((states * mask).sum(1) / mask.sum(1)).cpu().numpy()
    return vectors
