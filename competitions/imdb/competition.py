"""The competition's description."""

from __future__ import annotations

from common.competition import Cell, Column, Competition, Files, Folder, Limits, Split, SubmissionFormat, Table
from common.settings import override
from common.text.settings import profiles

_ID = Column(name="id", kind="id")
_REVIEW = Column(name="review", kind="text", may_be_empty=True)
_SENTIMENT = Column(name="sentiment", kind="number", low=0, high=1)
_TEXT = (".txt",)


def _reviews(file: str, *folders: str, optional: bool = False) -> Table:
    """Return a file of reviews without labels, or the folders that hold the same reviews."""
    columns = (_ID, _REVIEW)
    instead = Folder(folders=folders, suffixes=_TEXT, columns=columns, optional=optional)
    return Table(file=file, columns=columns, separator="\t", quoting="none", optional=optional, instead=instead)


_PROFILES = profiles("sentiment")
# Reviews are long enough to be told by their words, those of the sample, which are short, no less.
_PROFILES |= {name: override(_PROFILES[name], {"ngrams.characters": "never"}) for name in ("baseline", "best")}

COMPETITION = Competition(
    name="imdb",
    slug="word2vec-nlp-tutorial",
    title="Bag of Words Meets Bags of Popcorn",
    summary="Is a film review positive (1) or negative (0)?",
    metric="roc_auc",
    also_report=("accuracy",),
    files=Files(
        train=Table(
            file="labeledTrainData.tsv",
            columns=(_ID, _SENTIMENT, _REVIEW),
            separator="\t",
            quoting="none",
            instead=Folder(
                folders=("train",),
                suffixes=_TEXT,
                columns=(_ID, _SENTIMENT, _REVIEW),
                label="sentiment",
                labels={r"(?:.*/)?pos/[^/]+": "1", r"(?:.*/)?neg/[^/]+": "0"},
            ),
        ),
        test=_reviews("testData.tsv", "test"),
        sample_submission=Table(
            file="sampleSubmission.csv", columns=(_ID, Column(name="sentiment", kind="number")), optional=True
        ),
        extra={"unlabeled": _reviews("unlabeledTrainData.tsv", "unsup", optional=True)},
    ),
    submission=SubmissionFormat(id="id", targets=("sentiment",), cell=Cell(low=0, high=1), quoting="nonnumeric"),
    # A test review is of any film, known or not, and Kaggle's files do not say which: rows are drawn one by one.
    split=Split(kind="stratified", n_splits=4, stratify="sentiment"),
    submitted_as="csv",
    limits=Limits(session_hours=12, internet=True),
    target="sentiment",
    inputs=("review",),
    profiles=_PROFILES,
)
