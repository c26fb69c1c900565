"""A U-Net: an encoder of timm, and a decoder that goes back up its levels.

Source: Ronneberger, Fischer and Brox, "U-Net: Convolutional Networks for Biomedical Image Segmentation" (2015).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from common.errors import BackboneError
from common.vision.backbones import Backbone
from common.wording import first_line

MULTIPLE = 32
"""Rows and columns that the network takes are multiples of it."""


class UNet(nn.Module):
    """Takes normalised pictures (n, 3, rows, columns) and gives logits of each pixel's classes (n, classes, rows, columns)."""

    def __init__(self, backbone: Backbone, channels: Sequence[int], classes: int) -> None:
        super().__init__()
        self.encoder = backbone.network
        levels = self._levels_of(backbone)
        widths = [levels[-1], *channels[: len(levels) - 1]]
        self.decoder = nn.ModuleList(
            _Up(wide, skip, narrow) for (wide, narrow), skip in zip(pairwise(widths), levels[-2::-1], strict=False)
        )
        self.head = nn.Conv2d(widths[-1] if len(widths) > 1 else levels[-1], classes, 3, padding=1)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """Return the logits."""
        *skips, deep = self.encoder.forward_intermediates(pictures, intermediates_only=True)
        for up, skip in zip(self.decoder, reversed(skips), strict=False):
            deep = up(deep, skip)
        return functional.interpolate(self.head(deep), size=pictures.shape[-2:], mode="bilinear", align_corners=False)

    def _levels_of(self, backbone: Backbone) -> list[int]:
        """Return the channels of the encoder's levels, the finest first.

        Raises:
            BackboneError: if it has none.
        """
        try:
            with torch.inference_mode():
                side = 2 * MULTIPLE
                found = self.encoder.eval().forward_intermediates(
                    torch.zeros(1, 3, side, side), intermediates_only=True
                )
        except (AttributeError, AssertionError, RuntimeError, ValueError) as error:
            raise BackboneError(
                f"{backbone.name} has no levels for a decoder ({first_line(error)}); take a convolutional network of timm"
            ) from None
        sides = [level.shape[-1] for level in found]
        if sorted(sides, reverse=True) != sides or len(set(sides)) < 2:
            raise BackboneError(
                f"the levels of {backbone.name} have {sides} pixels; take one whose levels become smaller"
            )
        return [level.shape[1] for level in found]


class _Up(nn.Module):
    """One level up: the deeper one enlarged to the size of the skip beside it, and two convolutions."""

    def __init__(self, wide: int, skip: int, narrow: int) -> None:
        super().__init__()
        self.mix = nn.Sequential(_block(wide + skip, narrow), _block(narrow, narrow))

    def forward(self, deep: torch.Tensor, skip: torch.Tensor) -> Any:
        enlarged = functional.interpolate(deep, size=skip.shape[-2:], mode="nearest")
        return self.mix(torch.cat((enlarged, skip), dim=1))


def _block(before: int, after: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(before, after, 3, padding=1, bias=False), nn.BatchNorm2d(after), nn.ReLU(inplace=True)
    )
