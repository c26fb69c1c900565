"""The network that reads texts: any encoder, the mean of its tokens' states, an output for each class or for a number."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional

from common.huggingface import backbone
from common.text.task import TextTask

ENCODER, HEAD = "encoder", "head.safetensors"


class TransformerClassifier(nn.Module):
    """Judges a text by the mean of its tokens' last states.

    The mean learns from few texts, where a first token's state would have to be taught to stand for the whole.

    Args:
        encoder: a model that returns `last_hidden_state` of shape (batch, length, width).
        task: says how many outputs there are, and the loss.
    """

    def __init__(self, encoder: nn.Module, task: TextTask) -> None:
        super().__init__()
        self.encoder, self.task = encoder, task
        self.head = nn.Linear(int(encoder.config.hidden_size), task.outputs)
        nn.init.normal_(self.head.weight, std=0.02)
        nn.init.zeros_(self.head.bias)

    def forward(self, input_ids: Tensor, attention_mask: Tensor, labels: Tensor | None = None) -> dict[str, Tensor]:
        """Return logits (batch, outputs) and, with labels, the loss.

        Args:
            input_ids: (batch, length).
            attention_mask: (batch, length), 0 where a text is padded.
            labels: (batch, outputs).
        """
        states = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state.float()
        mask = attention_mask.unsqueeze(-1)
        logits = self.head((states * mask).sum(1) / mask.sum(1)).float()
        if labels is None:
            return {"logits": logits}
        if not self.task.log_odds:
            loss = functional.mse_loss(logits, labels)
        elif self.task.outputs == 1 or not self.task.exclusive:
            loss = functional.binary_cross_entropy_with_logits(logits, labels)
        else:
            loss = functional.cross_entropy(logits, labels)
        return {"loss": loss, "logits": logits}

    def freeze(self, layers: int) -> None:
        """Keep the embeddings and so many layers above them as they are; their part of the backward pass is saved."""
        if layers:
            stack = _stack(self.encoder)
            self.encoder.requires_grad_(False)
            for layer in stack[layers:]:
                layer.requires_grad_(True)

    def drop(self, fraction: float) -> None:
        """Drop that fraction of the activations while training, wherever the encoder drops some."""
        for part in self.encoder.modules():
            if isinstance(part, nn.Dropout):
                part.p = fraction

    def save(self, folder: Path) -> None:
        """Write configuration and weights (safetensors)."""
        self.encoder.save_pretrained(folder / ENCODER)
        save_file({name: value.contiguous().cpu() for name, value in self.head.state_dict().items()}, folder / HEAD)

    @classmethod
    def load(cls, folder: Path, task: TextTask) -> TransformerClassifier:
        """Read what `save` wrote.

        Raises:
            BackboneError: if files are missing or cut.
        """
        from transformers import AutoModel

        network = cls(backbone.load_folder(AutoModel.from_pretrained, folder / ENCODER, dtype="float32"), task)
        network.head.load_state_dict(load_file(folder / HEAD))
        return network


def _stack(encoder: Any) -> Any:
    """Return the list of the encoder's layers, wherever its architecture keeps it."""
    depth = getattr(encoder.config, "num_hidden_layers", None)
    return next(part for part in encoder.modules() if isinstance(part, nn.ModuleList) and len(part) == depth)
