"""A page is one file: style, scripts, data and pictures inside, and a policy that lets a browser run nothing else.

Scripts and style are allowed by their hashes, pictures only from within; nothing is fetched, and nothing of the data is
ever read as markup or code: jinja2 escapes it, charts get it as JSON.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Sequence
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.files import atomic_write
from common.wording import visible

if TYPE_CHECKING:
    from common.report.charts import Chart

HERE = Path(__file__).parent / "templates"
MOST_BYTES = 2_000_000


def render(template: str, charts: Sequence[Chart], cache: Path, **context: Any) -> str:
    """Return a page.

    Args:
        template: a file of `templates`.
        charts: those that the template places, by their names.
        cache: keeps the charts' library between calls.
        context: what the template shows.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"shown": shown, "score": score, "clock": clock}
    style, own = (_source(name) for name in ("page.css", "page.js"))
    library = bundle(cache) if charts else ""
    scripts = [script for script in (library, own) if script]
    specs = {chart.name: chart.spec for chart in charts}
    data = json.dumps(specs, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    policy = (
        f"default-src 'none'; script-src {' '.join(map(_hash, scripts))}; style-src {_hash(style)}; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    named = {chart.name: chart for chart in charts}
    page = environment.get_template(template)
    return page.render(style=style, scripts=scripts, data=data, policy=policy, charts=named, **context)


def write(page: str, path: Path) -> None:
    """Write a page, whole or not at all."""
    with atomic_write(path, "w") as handle:
        handle.write(page)


def bundle(cache: Path) -> str:
    """Return the charts' library (Vega, Vega-Lite, Vega-Embed) as one script, made once for each version of it."""
    import vl_convert

    path = cache / "report" / f"vega-embed-{metadata.version('vl-convert-python')}.js"
    if not path.is_file():
        made = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
        with atomic_write(path, "w") as handle:
            # Within a page a script ends at its first end tag, also in a string; backslashes keep a string what it is.
            handle.write(re.sub(r"<(/script|!--)", r"<\\\1", made, flags=re.I))
    return path.read_text(encoding="utf-8")


def shown(value: object, longest: int = 400) -> str:
    """Return a value as one line of text without control characters; a long one is cut."""
    text = "–" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)
    text = visible(" ".join(text.split()))
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def score(value: float | None, digits: int = 4) -> str:
    """Return a score with its digits, or a dash."""
    return "–" if value is None else f"{value:,.{digits}f}"


def clock(seconds: float | None) -> str:
    """Return a duration as people say it."""
    if seconds is None:
        return "–"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


@lru_cache
def _source(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
