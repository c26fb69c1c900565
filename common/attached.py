"""Look through attached inputs: Kaggle mounts datasets, models and kernels' outputs some folders deep."""

from __future__ import annotations

import os
import re
from fnmatch import translate
from pathlib import Path

DEPTH = 6  # folders below an input mount: /kaggle/input/<model>/<framework>/<variation>/<version>, and two to spare


def files_below(root: Path, *patterns: str) -> list[Path]:
    """Return the files below an input mount whose names match a pattern such as `*.pth`: the nearest first, then by path.

    Links are followed, as mounts may be links; a folder that is not there or may not be read holds nothing.
    """
    wanted = re.compile("|".join(map(translate, patterns)))
    found = []
    for place, folders, names in os.walk(root, followlinks=True):
        folder = Path(place)
        found += [folder / name for name in names if wanted.match(name)]
        if len(folder.relative_to(root).parts) == DEPTH:
            folders.clear()
    return sorted(filter(Path.is_file, found), key=lambda path: (len(path.parts), path))
