"""Text at speed: tokenised and numericalised once, with the course's rules, in parallel, kept as memory maps.

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

rules        what happens to a text before it is split
words        spaCy's words, each distinct piece looked at once
subwords     a model of pieces of words, trained on the texts
vocabulary   ids and tokens
workers      the processes that share the work
corpus       the whole, cached
batches      what a training step reads
"""

from common.text.batches import by_length, padded, windows
from common.text.corpus import Corpus, TextSettings, numericalise
from common.text.vocabulary import Vocabulary

__all__ = ["Corpus", "TextSettings", "Vocabulary", "by_length", "numericalise", "padded", "windows"]
