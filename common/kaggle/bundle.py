"""The kit's sources inside a kernel: only what it needs, the same bytes everywhere, real files when it runs.

Kaggle uploads one file. So the modules that a kernel imports, directly or through others, are packed into its
first cell, which writes them to a folder again: stack traces then show files and lines.
"""

from __future__ import annotations

import base64
import bz2
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from common.session.kernel import BUNDLE

_CELL = """\
# The kit's own sources, put here by `kit kernel build`. They are written to a folder, so that stack traces show
# files and lines; to read them: import common, then look below {{common.__path__}}.
import base64, bz2, hashlib, json, pathlib, sys, tempfile

HASH = "{hash}"
PACKED = "{packed}"
raw = bz2.decompress(base64.b64decode(PACKED))
if hashlib.sha256(raw).hexdigest() != HASH:
    raise SystemExit("the sources in this cell are damaged: build the kernel anew")
folder = pathlib.Path(tempfile.mkdtemp(prefix="kit-"))
files = json.loads(raw)
files["{record}"] = json.dumps({{"hash": HASH, **json.loads(files["{record}"])}})
for name, text in files.items():
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")
sys.path.insert(0, str(folder))
print(len(files), "files of the kit, bundle", HASH[:12])
"""


@dataclass(frozen=True)
class Bundle:
    """Files by their path in the repository; `bundle.json` among them holds profile and settings."""

    files: Mapping[str, str]

    @cached_property
    def raw(self) -> bytes:
        """The files as one JSON document: the same bytes for the same files."""
        return json.dumps(dict(sorted(self.files.items())), ensure_ascii=False, separators=(",", ":")).encode()

    @property
    def hash(self) -> str:
        """SHA-256 of the files, in hexadecimal; it is part of the manifest of every output."""
        return hashlib.sha256(self.raw).hexdigest()

    def cell(self) -> str:
        """Return the code that unpacks the files and makes them importable."""
        # bzip2 has one implementation, of which every release writes the same bytes; zlib has several that differ.
        packed = base64.b64encode(bz2.compress(self.raw, 9)).decode()  # in one line, which no page makes long
        return _CELL.format(hash=self.hash, packed=packed, record=BUNDLE)
