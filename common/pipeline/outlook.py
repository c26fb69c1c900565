"""What a run will take on this machine, said before it begins and as soon as its speed is known."""

from __future__ import annotations

from collections.abc import Callable

from common import environment
from common.competition import Competition, Config
from common.environment import Environment
from common.progress import clock
from common.settings import flat
from common.wording import plural

LONG = 600.0  # seconds of a run that are worth a line


def pretrained(config: Config) -> bool:
    """Whether a profile's settings name a network that was trained before."""
    return bool({"backbone", "weights"} & flat(config).keys())


def alternative(competition: Competition, config: Config) -> str:
    """Return how to do without a network that was trained before, or nothing if the profile has none or there is no other."""
    other = not pretrained(competition.profile("baseline"))
    return "--profile baseline needs none" if pretrained(config) and other else ""


def machine(competition: Competition, profile: str, config: Config, here: Environment) -> str:
    """Return a line where a profile's network is made for a GPU and there is none here, or nothing."""
    hint = alternative(competition, config)
    if not hint or profile == "sample" or here.gpus():  # the sample's network is tiny
        return ""
    threads = plural(environment.threads(), "thread")
    return f"profile {profile} is made for a GPU, and this machine has none, only {threads}; {hint}"


def folds(competition: Competition, config: Config, count: int) -> Callable[[str, float], str]:
    """Return what says, by the title and the seconds of the first long task, what it will take in all folds."""

    def told(title: str, seconds: float) -> str:
        if seconds * count < LONG:
            return ""
        whole = f", {clock(seconds * count)} in {count} folds" if count > 1 else ""
        hint = alternative(competition, config)
        return f"{title}: about {clock(seconds)} at this speed{whole}{f'; {hint}' if hint else ''}"

    return told
