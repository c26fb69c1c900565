"""Texts solved out of the box: classes, labels, numbers or a piece of the text, from one or several columns.

    from common.text.settings import profiles         # in competition.py: profiles=profiles("sentiment", "class")
    from common.text import TextModels, TextTask      # in model.py

    MODELS = TextModels(TextTask.of(COMPETITION, texts=("review",)))

And text at speed: tokenised and numericalised once, with the course's rules, in parallel, kept as memory maps.

    from common.text import TextSettings, numericalise

    corpus = numericalise(texts, cache=context.cache, settings=TextSettings(), progress=context.progress)
    corpus.ids(7)            # the ids of text 7, a view of the memory map (uint16 or int32)
    corpus.lengths           # tokens of every text (n,)
    corpus.vocabulary        # Vocabulary: tokens, digest, save(path), load(path), decode(ids)
    again = numericalise(others, cache=…, settings=…, vocabulary=corpus.vocabulary)   # test reviews, a prompt

    stream = corpus.joined(rows)                       # the ids of some rows, one after another, as one array
    for x, y in windows(stream, batch_size=128, length=80): …          # a language model's batches (int64)
    for rows in by_length(corpus.lengths[train], 128, rng): …          # a classifier's, alike in length
        x = padded([corpus.ids(row) for row in rows], chunk=72)        # (batch, longest), padding first

task          what is predicted of which columns
settings      the profiles' settings, with the reason for each
models        what the profiles stand for
ngrams        n-grams counted; characters: those of letters; linear: the baseline on them
spans         a piece of a text: where it begins and ends
ulmfit/       language model, encoder, classifier, generated text
transformer   fine-tuned on what the n-grams leave in doubt; blended, stacking: both together
tokens/       rules, words, subwords, vocabulary, corpus, batches
"""

from common.text.models import TextModels
from common.text.task import TextTask
from common.text.tokens.batches import by_length, padded, windows
from common.text.tokens.corpus import Corpus, TextSettings, numericalise
from common.text.tokens.vocabulary import Vocabulary

__all__ = [
    "Corpus", "TextModels", "TextSettings", "TextTask", "Vocabulary", "by_length", "numericalise", "padded", "windows",
]  # fmt: skip
