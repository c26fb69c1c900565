"""Text from the language model: what it has learnt can be read."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import torch

from common.files import scratch_folder
from common.model import Context
from common.progress import Progress
from common.text.settings import Ulmfit
from common.text.tokens.corpus import numericalise
from common.text.tokens.rules import BOS, EOS, FLD, MAJ, PAD, REP, SPACE, SPECIAL, UNK, UP, WREP
from common.text.tokens.vocabulary import FILLER
from common.text.ulmfit import encoder, network

MOST = 20  # times that anything is repeated
# What the marks of capitals and repetitions make of the word behind them; those without one say nothing.
_MARKS: dict[str, Callable[[re.Match[str]], str]] = {
    rf"{REP} (\d{{1,9}}) ([^ ]+)": lambda match: match[2] * min(int(match[1]), MOST),
    rf"{WREP} (\d{{1,9}}) ([^ ]+)": lambda match: " ".join([match[2]] * min(int(match[1]), MOST)),
    rf"{UP} ([^ ]+)": lambda match: match[1].upper(),
    rf"{MAJ} ([^ ]+)": lambda match: match[1][:1].upper() + match[1][1:],
    rf"({'|'.join(SPECIAL)})( |$)": lambda match: "",
}
NEVER = (UNK, PAD, BOS, FLD, EOS, FILLER)  # words that nobody writes
_JOINED_LEFT = re.compile(r" (?=[.,;:!?%)\]}…]|'(?:s|m|d|t|re|ve|ll)\b|n't\b)")
_JOINED_RIGHT = re.compile(r"(?<=[(\[{$#]) ")
_CLOSING = tuple(".,;:!?%)]}…'")
_QUOTED = re.compile(r'" ([^"]*?) "')
_HYPHEN = re.compile(r"(?<=\w) ([-/]) (?=\w)")


def generate(text: str, config: Ulmfit, context: Context, *, words: int, temperature: float, seed: int | None) -> str:
    """Return `text` and so many words that the run's language model adds.

    Args:
        text: how it begins, or how it ends if the model reads backwards.
        config: the run's settings.
        context: the run.
        words: to add; marks of capitals and of repetitions do not count.
        temperature: probabilities are raised to 1 / temperature.
        seed: of the choice; None draws anew each time.

    Raises:
        BackboneError: if the run has no encoder, or a damaged one.
    """
    trained, device = encoder.read(context.run / encoder.NAME), network.device()
    vocabulary, tokens = trained.vocabulary, trained.vocabulary.tokens
    model = network.language_model(config, len(tokens))
    model.load_state_dict(trained.weights())
    model.to(device).eval().reset()
    generator = torch.Generator().manual_seed(seed) if seed is not None else None
    never = torch.tensor([row for row, token in enumerate(tokens) if token in NEVER])
    marks = torch.tensor([row for row, token in enumerate(tokens) if token in SPECIAL])
    with scratch_folder() as folder:  # a prompt is not worth a place in the cache
        prompt = numericalise([text], cache=folder, vocabulary=vocabulary, progress=Progress(silent=True), workers=0)
        read = prompt.ids(0)[:: -1 if trained.backwards else 1].tolist()
    new: list[int] = []
    added = 0
    with torch.no_grad():
        while added < words:
            scores = model(torch.tensor([read], device=device))[0][0, -1].float().cpu() / temperature
            scores[never] = -torch.inf
            if new and tokens[new[-1]] in SPECIAL:
                scores[marks] = -torch.inf  # a mark is of a word: one after another would never end
            read = [int(torch.multinomial(scores.softmax(0), 1, generator=generator))]
            new += read
            added += tokens[read[0]] not in SPECIAL
    new = new[::-1] if trained.backwards else new
    words_added = as_written([tokens[n] for n in new]) if vocabulary.model is None else vocabulary.decode(new)
    first, second = (words_added, text) if trained.backwards else (text, words_added)
    return first + ("" if second[:1] in _CLOSING else " ") + second


def as_written(tokens: Sequence[str]) -> str:
    """Return tokens as a writer would have put them: capitals, repetitions, punctuation without spaces."""
    text = " ".join("I" if word == "i" else word for word in tokens)
    for pattern, written in _MARKS.items():
        text = re.sub(pattern, written, text)
    text = _JOINED_RIGHT.sub("", _JOINED_LEFT.sub("", text.replace(SPACE, " ")))
    return re.sub(r" *(\n)[\n ]*", r"\1", _HYPHEN.sub(r"\1", _QUOTED.sub(r'"\1"', text))).strip()
