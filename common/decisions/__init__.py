"""From numbers to what is submitted: labels, lists of labels, pieces of text, with what has to be learnt for it."""

from common.decisions.classes import classes_of, labels_of
from common.decisions.constant import constant
from common.decisions.decision import Decision
from common.decisions.learning import judge, learn

__all__ = ["Decision", "classes_of", "constant", "judge", "labels_of", "learn"]
