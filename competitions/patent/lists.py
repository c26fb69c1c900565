"""Our recipe: all targets of one anchor and context in one sequence, each scored beside its siblings.

    [CLS] anchor [SEP] CPC title of the context [SEP] target [SEP] target [SEP] …

The raters scored the targets of an anchor together, so a target's score depends on the others; reading them together
also costs a fraction of reading every pair alone. The idea of predicting all targets at once is from the competition's
gold solutions (discussion 332492). The siblings' order is drawn anew in every epoch, which keeps the network from
learning lists by heart, and predictions may be averaged over several orders.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.files import scratch_folder
from common.huggingface import backbone
from common.huggingface.tokens import encode, kept_encoder, kept_tokenizer
from common.model import Context, Model
from competitions.patent.baseline import BaselineModel
from competitions.patent.competition import Lists
from competitions.patent.cpc import title

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray
    from pandas import DataFrame

    from competitions.patent.scorer import Scorer


PHRASE_TOKENS = 96  # of one phrase: patents' are shorter, and anchor, context and targets have to fit 512 positions


class ListsModel(Model):
    """One or several networks that score lists of siblings."""

    def __init__(self, config: Lists, context: Context) -> None:
        self.config, self.context = config, context
        self.notes: dict[str, Any] = {}
        self.members: list[Scorer] = []
        self.trees = BaselineModel(config.trees, context, config.seed, self._embed) if config.trees_weight else None
        backbone.quiet()
        self.tokenizer = kept_tokenizer(context)

    def fit(self, train: DataFrame, valid: DataFrame) -> None:
        """Train each member, unless an earlier, interrupted process has finished it."""
        from transformers import set_seed

        from common.files import atomic_folder
        from common.huggingface import training
        from competitions.patent.scorer import Scorer

        if self.trees is not None:
            self.trees.fit(train, valid)
        lists = self._lists(train, train["score"].to_numpy("float32"))
        for number in range(self.config.members):
            finished = self.context.folder / f"member-{number}"
            if finished.is_dir():
                self.members.append(Scorer.load(finished))
                continue
            schedule = training.Schedule.of(dataclasses.replace(self.config, seed=self.config.seed + number))
            set_seed(schedule.seed)
            scorer = Scorer(kept_encoder(self.context), self.config.pearson_weight)
            title = f"{self.context.title}.{number}" if self.config.members > 1 else self.context.title
            trainer = self._trainer(scorer, self.context.folder / f"training-{number}", schedule, lists)
            passes = (number + 1) * self.config.orders
            notes = training.fit(trainer, self.context.titled(title), len(train), schedule, passes=passes)
            self.notes = {**notes, "members": [*self.notes.get("members", []), notes]}
            if notes.get("stopped_early"):
                if not self.members:  # half a network is worse than none, but better than no submission
                    self.members.append(scorer)
                return
            self.members.append(scorer)
            with atomic_folder(finished) as folder:
                scorer.save(folder)

    def predict(self, frame: DataFrame) -> NDArray[float64]:
        """Return a score per row (n,): the mean over members and orders, averaged with the trees' prediction."""
        import numpy as np

        from common.huggingface import training
        from competitions.patent.listing import InOrder

        lists = self._lists(frame, None)
        total = np.zeros(len(frame))
        schedule = training.Schedule.of(self.config)
        steps = len(self.members) * self.config.orders
        title = f"{self.context.title} · predict"
        with scratch_folder() as scratch, self.context.progress.task(title, steps * len(frame)) as task:
            for number, scorer in enumerate(self.members):
                trainer = self._trainer(scorer, scratch, schedule, None)
                for order in range(self.config.orders):
                    ordered = InOrder(lists, number * self.config.orders + order)
                    rows, logits = ordered.by_row(trainer.predict(ordered).predictions)
                    total[rows] += 1 / (1 + np.exp(-logits))
                    task.advance(len(frame))
        if self.trees is None:
            return total / steps
        weight = self.config.trees_weight
        return (1 - weight) * total / steps + weight * self.trees.predict(frame)

    def save(self, folder: Path) -> None:
        """Write every member's configuration and weights (safetensors), and the trees."""
        if self.trees is not None:
            self.trees.save(folder)
        for number, scorer in enumerate(self.members):
            (folder / f"member-{number}").mkdir()
            scorer.save(folder / f"member-{number}")

    def read(self, folder: Path) -> None:
        """Read what `save` wrote."""
        from competitions.patent.scorer import Scorer

        if self.trees is not None:
            self.trees.read(folder)
        self.members = [Scorer.load(path) for path in sorted(folder.glob("member-*"))]

    def _embed(self, phrases: list[str]) -> Any:
        """Return the embedding of each phrase by the pretrained encoder (n, width)."""
        from common.huggingface.embedding import embed

        return embed(kept_encoder(self.context), self.tokenizer, phrases)

    def _lists(self, frame: DataFrame, labels: Any) -> Any:
        """Return the frame's rows as lists of siblings; their tokens are cached."""
        from competitions.patent.listing import Listing

        texts = {
            "anchor": frame["anchor"].tolist(),
            "target": frame["target"].tolist(),
            "context": [title(code) for code in frame["context"]],
        }
        unique = sorted({text for column in texts.values() for text in column})
        tokens = encode(self.tokenizer, unique, self.context.cache, max_length=PHRASE_TOKENS)
        number = {text: row for row, text in enumerate(unique)}
        columns = {name: [tokens[number[text]].tolist() for text in column] for name, column in texts.items()}
        return Listing(
            columns,
            labels,
            keys=(frame["anchor"] + "\0" + frame["context"]).tolist(),
            targets=texts["target"],
            special=(self.tokenizer.cls_token_id, self.tokenizer.sep_token_id),
            budget=(self.config.target_tokens, self.config.context_tokens),
            seed=self.config.seed,
        )

    def _trainer(self, scorer: Scorer, folder: Path, schedule: Any, lists: Any) -> Any:
        from common.huggingface import training
        from competitions.patent.listing import Collator

        collator, lengths = Collator(self.tokenizer.pad_token_id), None if lists is None else lists.lengths
        return training.trainer(scorer, folder, schedule, collator, self.config.head_learning_rate, lists, lengths)
