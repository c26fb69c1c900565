"""The network that reads reviews: any encoder, the mean of its tokens' states, one number."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from common.huggingface import backbone

ENCODER, HEAD = "encoder", "head.safetensors"


class Reader(nn.Module):
    """Scores a review by the mean of its tokens' last states.

    The mean learns from few reviews, where a first token's state would have to be taught to stand for the whole.

    Args:
        encoder: a model that returns `last_hidden_state` of shape (batch, length, width).
    """

    def __init__(self, encoder: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = nn.Linear(int(encoder.config.hidden_size), 1)
        nn.init.normal_(self.head.weight, std=0.02)
        nn.init.zeros_(self.head.bias)

    def forward(self, input_ids: Tensor, attention_mask: Tensor, labels: Tensor | None = None) -> dict[str, Tensor]:
        """Return logits (batch,) and, with labels, the loss.

        Args:
            input_ids: (batch, length).
            attention_mask: (batch, length), 0 where a review is padded.
            labels: (batch,) of 0 and 1.
        """
        states = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state.float()
        mask = attention_mask.unsqueeze(-1)
        logits = self.head((states * mask).sum(1) / mask.sum(1)).squeeze(-1).float()
        if labels is None:
            return {"logits": logits}
        return {"loss": binary_cross_entropy_with_logits(logits, labels), "logits": logits}

    def freeze(self, layers: int) -> None:
        """Keep the embeddings and so many layers above them as they are; their part of the backward pass is saved."""
        if layers:
            stack = _stack(self.encoder)
            self.encoder.requires_grad_(False)
            for layer in stack[layers:]:
                layer.requires_grad_(True)

    def drop(self, share: float) -> None:
        """Drop that share of the activations while training, wherever the encoder drops some."""
        for part in self.encoder.modules():
            if isinstance(part, nn.Dropout):
                part.p = share

    def save(self, folder: Path) -> None:
        """Write configuration and weights (safetensors)."""
        self.encoder.save_pretrained(folder / ENCODER)
        save_file({name: value.contiguous().cpu() for name, value in self.head.state_dict().items()}, folder / HEAD)

    @classmethod
    def load(cls, folder: Path) -> Reader:
        """Read what `save` wrote.

        Raises:
            BackboneError: if files are missing or cut.
        """
        from transformers import AutoModel

        reader = cls(backbone.load_folder(AutoModel.from_pretrained, folder / ENCODER, dtype="float32"))
        reader.head.load_state_dict(load_file(folder / HEAD))
        return reader


def _stack(encoder: Any) -> Any:
    """Return the list of the encoder's layers, wherever its architecture keeps it."""
    depth = getattr(encoder.config, "num_hidden_layers", None)
    return next(part for part in encoder.modules() if isinstance(part, nn.ModuleList) and len(part) == depth)


def padded(rows: list[dict[str, Any]], pad: int) -> dict[str, Tensor]:
    """Return rows of `input_ids` (and `labels`) as one batch: (batch, length), padded at the end."""
    longest = max(len(row["input_ids"]) for row in rows)
    ids = torch.full((len(rows), longest), pad)
    mask = torch.zeros_like(ids)
    for place, row in enumerate(rows):
        ids[place, : len(row["input_ids"])] = torch.as_tensor(row["input_ids"])
        mask[place, : len(row["input_ids"])] = 1
    batch = {"input_ids": ids, "attention_mask": mask}
    if "labels" in rows[0]:
        batch["labels"] = torch.tensor([row["labels"] for row in rows], dtype=torch.float32)
    return batch
