"""The course's recipe for texts: a language model whose encoder a classifier is put on."""

IDS = "ids"  # the column of a row's ids, which `stages` adds and the classifier reads
