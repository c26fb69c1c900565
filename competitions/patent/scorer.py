"""The network of our recipe: any encoder, and a head that compares each target with the anchor."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from common.huggingface import backbone
from competitions.patent.listing import IGNORED


class Scorer(nn.Module):
    """Scores every target of a sequence.

    A phrase is the mean of its tokens' states; the head takes the target's, the anchor's, their product and their
    distance.

    Args:
        encoder: a model that returns `last_hidden_state` of shape (batch, length, width).
        pearson_weight: of 1 - Pearson beside cross-entropy in the loss, see `loss`.
    """

    def __init__(self, encoder: nn.Module, pearson_weight: float = 0.0) -> None:
        super().__init__()
        self.encoder, self.pearson_weight = encoder, pearson_weight
        self.head = nn.Linear(4 * int(encoder.config.hidden_size), 1)
        nn.init.normal_(self.head.weight, std=0.02)
        nn.init.zeros_(self.head.bias)

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor, anchor: Tensor, spans: Tensor, labels: Tensor | None = None
    ) -> dict[str, Tensor]:
        """Return logits (batch, targets) and, with labels, the loss.

        Args:
            input_ids: (batch, length).
            attention_mask: (batch, length).
            anchor: (batch, 1, width) positions of the anchor's tokens, -1 where there is none.
            spans: (batch, targets, width) positions of the targets' tokens, -1 where there is none.
            labels: (batch, targets) scores in [0, 1], or IGNORED.
        """
        states = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state.float()
        target, of = _means(states, spans), _means(states, anchor)
        of = of.expand_as(target)
        logits = self.head(torch.cat([target, of, target * of, (target - of).abs()], dim=-1)).squeeze(-1).float()
        if labels is None:
            return {"logits": logits}
        return {"loss": loss(logits, labels, self.pearson_weight), "logits": logits}

    def save(self, folder: Path) -> None:
        """Write the encoder's configuration and all weights (safetensors)."""
        self.encoder.config.save_pretrained(folder)
        settings = {"pearson_weight": self.pearson_weight}
        (folder / "scorer.json").write_text(json.dumps(settings) + "\n", encoding="utf-8")
        save_file(
            {name: value.contiguous().cpu() for name, value in self.state_dict().items()}, folder / "model.safetensors"
        )

    @classmethod
    def load(cls, folder: Path) -> Scorer:
        """Read what `save` wrote.

        Raises:
            BackboneError: if files are missing or cut.
        """
        from transformers import AutoConfig, AutoModel

        config = backbone.load_folder(AutoConfig.from_pretrained, folder)
        settings: dict[str, Any] = json.loads((folder / "scorer.json").read_text(encoding="utf-8"))
        weights = load_file(folder / "model.safetensors")
        pooled = {} if any(".pooler." in name for name in weights) else _without_pooler(config)
        scorer = cls(AutoModel.from_config(config, **pooled), **settings)
        scorer.load_state_dict(weights)
        return scorer


def loss(logits: Tensor, labels: Tensor, pearson_weight: float) -> Tensor:
    """Return cross-entropy plus `pearson_weight` times 1 - Pearson (of the batch), over labels that are not IGNORED.

    The score is read as a probability: cross-entropy suits a number in [0, 1] whose steps are even, and Pearson is the
    metric itself.
    """
    known = labels != IGNORED
    logits, labels = logits[known], labels[known]
    total = binary_cross_entropy_with_logits(logits, labels)
    if pearson_weight:
        scores = torch.sigmoid(logits)
        scores, labels = scores - scores.mean(), labels - labels.mean()
        # The constant keeps a batch of equal scores from dividing by zero.
        spread = (scores.square().sum() + 1e-4) * (labels.square().sum() + 1e-4)
        total = total + pearson_weight * (1 - (scores * labels).sum() / spread.sqrt())
    return total


def _means(states: Tensor, positions: Tensor) -> Tensor:
    """Return the mean state of each span: (batch, length, width) at (batch, spans, tokens) → (batch, spans, width)."""
    batch, spans, tokens = positions.shape
    mask = (positions >= 0).unsqueeze(-1)
    index = positions.clamp(min=0).reshape(batch, spans * tokens, 1).expand(-1, -1, states.shape[-1])
    picked = states.gather(1, index).reshape(batch, spans, tokens, -1)
    return (picked * mask).sum(2) / mask.sum(2).clamp(min=1)


def _without_pooler(config: Any) -> dict[str, bool]:
    return {"add_pooling_layer": False} if config.model_type in ("bert", "roberta", "xlm-roberta") else {}
