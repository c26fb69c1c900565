"""Competitions of a form of their own, described whole: pictures made of pictures, or cells that nothing predicts."""

from __future__ import annotations

from common.competition import Competition
from common.discovery import metric, pictures, unfit
from common.discovery.features import Application
from common.discovery.files import Found
from common.discovery.findings import Hints, Notes
from common.discovery.roles import Roles
from common.discovery.shapes import Answers


def find(
    found: Found, assigned: Roles, name: str, slug: str, hints: Hints, on_kaggle: str | None, notes: Notes
) -> tuple[Application, Competition] | None:
    """Return a competition and what takes it, or None for one whose rows are described part by part."""
    sample = assigned.sample
    if sample is None:
        return None
    if made := pictures.restored(found, sample, assigned.train):
        chosen = metric.choose(Answers(shape="numbers"), hints, on_kaggle, notes)
        return "restoring", pictures.described(made, sample, name, slug, chosen, notes)
    if why := unfit.why_nothing(assigned, found, hints):
        return "nothing", unfit.of_sample(sample, why, name, slug, hints, notes)
    return None
