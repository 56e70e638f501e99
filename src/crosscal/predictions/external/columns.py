"""What columns of anyone's file can be: a user's options, the known names, the result.

This is the only list of column names; whatever looks for a column by its name asks here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from crosscal.exceptions import DataError, SettingsError
from crosscal.spelling import did_you_mean

ColumnKind = Literal["list", "number", "text", "other"]
Layout = Literal["list", "classes", "positive", "logit", "confidence", "highest"]
ValueKind = Literal["scores", "probabilities", "confidence"]

LOGITS = ("scores", "logits", "log_probs", "logprobs", "predictions", "raw_scores", "raw_logits")
PROBABILITIES = ("probabilities", "probs", "proba", "probas", "prob", "softmax", "predict_proba")
LABELS = (
    *("gold", "gold_label", "gold_labels", "golds", "gold_index", "true_label", "true_labels"),
    *("y_true", "label", "labels", "label_ids", "label_id", "label_idx", "target", "targets", "y"),
    *("class", "ground_truth", "truth", "reference", "references", "correct_label", "y_test"),
)
PREDICTED = (
    *("predicted", "predicted_label", "predicted_class", "pred", "preds", "pred_label", "y_pred"),
    *("prediction", "predictions", "predictions.label", "prediction.label", "pred_class"),
)
CONFIDENCES = (
    *("confidence", "confidences", "conf", "max_prob", "max_probability", "top_prob"),
    *("predictions.score", "prediction.score", "pred_score", "pred_prob"),
)
OUTCOMES = ("correct", "is_correct", "right", "hit", "hits", "acc")
POSITIVES = (
    *("probability", "prob", "proba", "p", "y_prob", "y_proba", "prob_positive", "p_positive"),
    *("probs", "probabilities", "y_score"),
)
ONE_LOGIT = ("logit", "logits", "raw_logit")
MARGINS = (
    *("margin", "margins", "decision", "decision_function", "decision_score", "decision_value"),
    *("svm_score", "svm_margin", "hinge_score", "distance"),
)
"""Whose logistic function is no probability: only a user can say that one is a logit."""
CLUSTERS = ("cluster_id", "cluster")
RUNS = (
    *("model", "models", "model_name", "model_id", "system", "checkpoint", "ckpt", "run", "run_id"),
    *("seed", "random_seed", "recipe", "experiment", "config", "setting", "variant", "method"),
    *("classifier", "encoder", "backbone", "architecture", "arch", "epoch", "iteration"),
    *("trial", "repeat", "prompt_id", "template", "n_shot", "num_fewshot"),
)
"""Of several values: what predicted the same items several times."""
PARTS = (
    *("split", "fold", "cv_fold", "subset", "partition"),
    *("annotator", "annotator_id", "worker", "worker_id", "rater"),
)
GROUPS = (
    *("lang", "language", "languages", "locale", "group", "domain", "task", "source"),
    *("dataset", "genre", "prompt", "step", *RUNS, *PARTS),
)
WEIGHTS = (
    *("weight", "weights", "sample_weight", "sample_weights", "case_weight", "case_weights"),
    *("survey_weight", "importance_weight", "inverse_probability", "ipw", "freq", "frequency"),
    *("count", "counts", "multiplicity"),
)
"""Never taken for weights unasked: of what, nobody knows."""
IDS = (
    *("id", "ids", "idx", "index", "uid", "guid", "unit_id", "example_id", "item_id", "doc_id"),
    *("qid", "question_id", "pairid", "pair_id", "sample_id", "row_id", "instance_id"),
)
NO_SCORES = (
    *("embedding", "embeddings", "vector", "hidden", "hidden_state", "hidden_states", "features"),
    *("attention", "attentions", "attention_mask", "input_ids", "token_ids", "offsets", "weights"),
)
"""Lists of numbers that a file may hold beside the scores."""
PREFIXES = (
    *("probability", "probabilities", "proba", "probs", "prob", "softmax", "y_prob", "y_proba"),
    *("scores", "score", "logits", "logit", "logprob", "log_prob", "p"),
)
STATISTICS = (
    *("margin", "max", "min", "top", "top1", "top2", "entropy", "gap", "diff", "difference"),
    *(
        "mean",
        "avg",
        "std",
        "sum",
        "total",
        "value",
        "values",
        "pred",
        "predicted",
        "gold",
        "label",
    ),
    *("true", "correct", "confidence", "conf", "ratio", "norm", "loss", "id", "rank"),
    *("threshold", "length", "len", "time", "count"),
)
"""What a column beside the scores of the classes may be about: ``logit_margin``."""


_TEXTS = (
    *("scores", "probabilities", "confidence", "predicted", "labels", "group", "cluster"),
    *("votes", "annotators", "weights"),
)


@dataclass(frozen=True, kw_only=True)
class ColumnOptions:
    """The columns as a user named them; None leaves a choice to the guess.

    `scores` and `probabilities` (at most one of them) name a list column, or the columns of the
    classes in order: names with commas between, or a pattern with ``*``. One number column under
    `probabilities` is the probability of the positive class, under `scores` its logit. With
    `confidence`, that of the chosen label, the labels' column says whether it is right, unless
    `predicted` names the column of the chosen labels; of several columns the highest value is the
    confidence. `labels` may be a file with the labels in the same order, ``gold.txt`` or
    ``gold.csv:label``. `votes` names a list column or the classes' columns of how many annotators
    chose each, `annotators` the columns of each one's label; without `labels` every vote is one.
    `weights` names the column of how many cases each row stands for.
    `per_character` divides log-likelihoods of an evaluation harness by the length of the choices.
    Columns inside of records are named as ``doc.label``. `encoding` is that of text files, where
    they do not show it.
    """

    scores: str | None = None
    probabilities: str | None = None
    confidence: str | None = None
    predicted: str | None = None
    labels: str | None = None
    group: str | None = None
    cluster: str | None = None
    votes: str | None = None
    annotators: str | None = None
    weights: str | None = None
    classes: tuple[str, ...] | None = None
    per_character: bool = False
    encoding: str | None = None

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if name in _TEXTS and not isinstance(value, str | None):
                raise SettingsError(
                    f"{type(value).__name__} instead of a column's name",
                    where=name,
                    remedy="Put it into the table as a column, and give the name; of several "
                    "columns all names in one text, as 'p0,p1,p2'",
                )
        value_options = [n for n in ("scores", "probabilities", "confidence") if getattr(self, n)]
        if len(value_options) > 1:
            raise SettingsError(
                f"both --{value_options[0]} and --{value_options[1]} are given",
                where="options",
                remedy="Name the columns once: as scores, as probabilities, or as confidence",
            )
        if self.votes and self.annotators:
            raise SettingsError(
                "both --votes and --annotators are given",
                where="options",
                remedy="Name counts of votes, or the columns of the annotators' labels",
            )

    @property
    def name_values(self) -> bool:
        """Whether the columns of the scores are named."""
        return bool(self.scores or self.probabilities or self.confidence)


@dataclass(frozen=True, kw_only=True)
class ColumnMapping:
    """What each column is taken for."""

    layout: Layout
    values: tuple[str, ...]  # columns of the scores
    values_named: bool  # by the user, in this order
    order: tuple[int, ...] | None  # in which the scores are to be put, where --classes says so
    labels: str | None  # None: nobody asks for them
    predicted: str | None  # of confidences: the chosen labels; None: `labels` says right or wrong
    group: str | None
    cluster: str | None
    id: str | None  # a column that should differ from row to row
    classes: tuple[str, ...] | None  # names of the classes, where the columns or the user name them
    classes_named: bool  # by the user
    value_kind: ValueKind | None  # None: the values tell
    notes: tuple[str, ...]  # how the choice came about, in words
    votes: tuple[str, ...] = ()  # columns of counts by class, or one of lists
    annotators: tuple[str, ...] = ()  # columns of labels, one an annotator
    votes_listed: bool = False  # by the user, one by one
    weights: str | None = None
    beside: tuple[str, ...] = ()  # which may show that a row is not what it is taken for
    factors: tuple[str, ...] = ()  # of whose values all rows are measured together

    @property
    def names(self) -> tuple[str, ...]:
        """Columns that must be read, each once."""
        others = (self.labels, self.predicted, self.group, self.cluster, self.id, self.weights)
        collected = (*self.values, *self.votes, *self.annotators, *others)
        return tuple(dict.fromkeys(name for name in collected if name is not None))

    @property
    def optional(self) -> tuple[str, ...]:
        """Columns that are heard if all rows have them."""
        others = dict.fromkeys((*self.beside, *self.factors))
        return tuple(name for name in others if name not in self.names)

    @property
    def numbers(self) -> tuple[str, ...]:
        """The columns of numbers, or of lists of numbers."""
        return (*self.values, *self.votes, *([self.weights] if self.weights else []))


def is_named(column: str, names: Collection[str]) -> bool:
    """Whether a column bears one of these names, by itself or inside of a record."""
    low = column.lower().strip()
    return low in names or low.rsplit(".", 1)[-1] in names


def demand_column(
    columns: Mapping[str, ColumnKind],
    name: str,
    where: str,
    *,
    kind: ColumnKind | None = None,
    example: str = "",
) -> None:
    """Refuse a column that is not there, or holds something else, of which an example is shown."""
    if name not in columns:
        raise DataError(
            f"there is no column '{name}'; the columns are {listed(columns)}",
            where=where,
            remedy=did_you_mean(name, list(columns)) or "Name one of these",
        )
    if kind is not None and columns[name] != kind:
        raise DataError(
            f"the column does not hold {'numbers' if kind == 'number' else kind}{example}",
            where=f"{where}: column '{name}'",
            remedy="Name a column of numbers; write numbers as 1234.5, without other signs",
        )


def demand_apart(
    values: Sequence[str], labels: str | None, options: ColumnOptions, where: str
) -> None:
    """Refuse scores that are named twice, or are to be labels, groups or clusters as well."""
    taken = {
        "labels": labels,
        "groups": options.group,
        "clusters": options.cluster,
        "weights": options.weights,
    }
    twice = named_twice(values)
    for name in values:
        again = ["scores"] if name == twice else []
        again += [role for role, column in taken.items() if column == name]
        if again:
            raise DataError(
                f"column '{name}' is to be scores and {again[0]}"
                if again[0] != "scores"
                else f"column '{name}' is named twice among the scores",
                where=where,
                remedy="Name every column of scores once, and another column for everything else",
            )


def demand_other_votes(votes: Collection[str], options: ColumnOptions, where: str) -> None:
    """Refuse votes that are to be labels, groups or clusters as well."""
    taken = {
        "labels": options.labels,
        "groups": options.group,
        "clusters": options.cluster,
        "weights": options.weights,
    }
    for role, column in taken.items():
        if column in votes:
            raise DataError(
                f"column '{column}' is to be votes and {role}",
                where=where,
                remedy="Name the columns of the votes, and others for everything else",
            )


def demand_own_weights(options: ColumnOptions, where: str) -> None:
    """Refuse a column of weights that is to be something else as well."""
    for role in ("labels", "predicted", "group", "cluster"):
        if options.weights is not None and getattr(options, role) == options.weights:
            raise DataError(
                f"column '{options.weights}' is to be weights and --{role}",
                where=where,
                remedy="Name another column with --weights",
            )


def named_twice(names: Sequence[str]) -> str | None:
    """Return the first of the names that is there more than once, if one is."""
    return next((name for name, times in Counter(names).items() if times > 1), None)


def listed(names: Collection[str], most: int = 12) -> str:
    """Write names with quotes, the first of many."""
    shown = [f"'{name}'" for name in names]
    return ", ".join(shown[:most]) + (f" and {len(shown) - most} more" if shown[most:] else "")
