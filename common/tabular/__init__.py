"""Tables solved out of the box: classes, labels or numbers from columns of any kind.

    from common.tabular.settings import profiles           # in competition.py: profiles=profiles()
    from common.tabular import TabularModels, TabularTask  # in model.py

    MODELS = TabularModels(TabularTask.of(COMPETITION))

task      what is predicted, and which columns are left out
settings  the profiles' settings, with the reason for each
models    what the profiles stand for
columns   what each column is, found once; what can be told from it row by row
encoder   categories and texts as numbers, fitted per fold; texts: a column of text
goal      what the models learn: numbers, positions, classes, marks
bags, member, ensemble  several kinds of models, each on several parts of the rows, weighed on the parts left out
baseline  boosted trees of scikit-learn, a linear model beside them (sklearn_members)
best      LightGBM and CatBoost (boosting_members), a network and a linear model
course    fastai's network; processing: rows as it reads them
"""

from common.tabular.models import TabularModels
from common.tabular.task import TabularTask

__all__ = ["TabularModels", "TabularTask"]
