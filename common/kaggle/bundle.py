"""The kit's sources inside a kernel: only what it needs, the same bytes everywhere, real files when it runs.

Kaggle uploads one file. So the modules that a kernel imports, directly or through others, are packed into its
first cells, which write them to a folder again: stack traces then show files and lines. The file that says what the
model is stands readable in a cell of its own; that text is what runs.
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

_SHOWN = """\
# {name}: what the model of this competition is. This text is what runs; all that it imports is in the next cell.
SHOWN = {{"{name}": r\'\'\'
{text}\'\'\'[1:]}}
"""
_CELL = """\
# The rest of the kit's sources, packed by `kit kernel build`. They are written to a folder, so that stack traces show
# files and lines: the last line printed names the folder, where they can be read.
import base64, bz2, hashlib, json, pathlib, sys, tempfile

HASH = "{hash}"
PACKED = "{packed}"
raw = bz2.decompress(base64.b64decode(PACKED))
files = {{**json.loads(raw), **{shown}}}
whole = json.dumps(dict(sorted(files.items())), ensure_ascii=False, separators=(",", ":"))
if hashlib.sha256(whole.encode()).hexdigest() != HASH:
    raise SystemExit("the sources in this cell are damaged: build the kernel anew")
folder = pathlib.Path(tempfile.mkdtemp(prefix="kit-"))
files["{record}"] = json.dumps({{"hash": HASH, **json.loads(files["{record}"])}})
for name, text in files.items():
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")
sys.path.insert(0, str(folder))
print(f"{{len(files)}} files of the kit, bundle {{HASH[:12]}}, in {{folder}}")
"""


@dataclass(frozen=True)
class Bundle:
    """Files by their path in the repository; `bundle.json` among them holds profile and settings.

    `shown` names the file that stands readable in a cell of its own.
    """

    files: Mapping[str, str]
    shown: str = ""

    @cached_property
    def raw(self) -> bytes:
        """The files as one JSON document: the same bytes for the same files."""
        return _raw(self.files)

    @property
    def hash(self) -> str:
        """SHA-256 of the files, in hexadecimal; it is part of the manifest of every output."""
        return hashlib.sha256(self.raw).hexdigest()

    def cells(self) -> tuple[str, str]:
        """Return the code that shows a file (empty if none can be shown), and that which unpacks all others."""
        text = self.files.get(self.shown, "'''")
        readable = "'''" not in text and not text.endswith("\\")
        packed_files = {name: content for name, content in self.files.items() if not (readable and name == self.shown)}
        # bzip2 has one implementation, of which every release writes the same bytes; zlib has several that differ.
        packed = base64.b64encode(bz2.compress(_raw(packed_files), 9)).decode()  # in one line, which no page makes long
        shown = _SHOWN.format(name=self.shown, text=text) if readable else ""
        return shown, _CELL.format(hash=self.hash, packed=packed, record=BUNDLE, shown="SHOWN" if readable else "{}")


def _raw(files: Mapping[str, str]) -> bytes:
    return json.dumps(dict(sorted(files.items())), ensure_ascii=False, separators=(",", ":")).encode()
