"""The model card of an exported model: recipe, data, scores, calibration by language, limits."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from crosscal.calibration.evaluation.results import GroupResult
from crosscal.export.folder import ExportFacts
from crosscal.report.numbers import number
from crosscal.tasks import Task

_PIPELINES = {
    "classification": "text-classification",
    "tagging": "token-classification",
    "span": "question-answering",
}


@dataclass(frozen=True, kw_only=True)
class LanguageScores:
    """What the run reached in one language of the test."""

    language: str
    official: float  # the task's own metric
    measured: GroupResult
    with_temperature: GroupResult | None


@dataclass(frozen=True, kw_only=True)
class CardContent:
    """Everything a card says that the folder's facts do not."""

    facts: ExportFacts
    task: Task
    recipe: str  # in words
    train_languages: Sequence[str]
    training: Mapping[str, object]
    data: Mapping[str, str]  # file to SHA-256
    languages: Sequence[LanguageScores]
    causal: bool  # whether a token sees only those before it


def model_card(content: CardContent, *, class_name: str, own_class: bool, difference: float) -> str:
    """Write the card as Markdown; `difference` is that of the scores from the trained model's."""
    facts = content.facts
    parts = [
        _front(content),
        f"# {facts.task}: {facts.study}, recipe {facts.recipe}, seed {facts.seed}\n\n"
        f"{content.task.description} Trained and exported by crosscal "
        f"{facts.versions.get('crosscal', '')}. Before it was written, this folder's "
        f"`{class_name}` scored examples of all lengths: no score differs from the trained model's "
        f"by more than {difference:.0e} of the largest.",
        "## Loading it\n\n" + _loading(content, class_name, own_class),
        "## Temperature\n\n" + _temperature(facts),
        "## Training\n\n" + _training(content),
        "## Scores and calibration by language\n\n" + _scores(content),
        "## Limits\n\n" + "\n".join(f"- {limit}" for limit in _limits(content, own_class)),
    ]
    return "\n\n".join(parts) + "\n"


def _front(content: CardContent) -> str:
    facts = content.facts
    lines = [
        "---",
        "library_name: transformers",
        f"language: {json.dumps([entry.language for entry in content.languages])}",
        "tags: [crosscal, cross-lingual-transfer, calibration]",
    ]
    if facts.family in _PIPELINES:
        lines.append(f"pipeline_tag: {_PIPELINES[facts.family]}")
    return "\n".join([*lines, "---"])


def _loading(content: CardContent, class_name: str, own_class: bool) -> str:
    before = ""
    if not own_class:
        before = (
            "transformers has no class that scores as this model does. `pooled_encoder.py`, in "
            "this folder, brings one; importing it makes the Auto classes and `pipeline` know it "
            "(`import crosscal.export.pooled_encoder` does the same):\n\n"
        )
    lines = ['folder = "."  # this folder']
    if not own_class:
        lines += ["import sys", "sys.path.insert(0, folder)", "import pooled_encoder", ""]
    return before + "```python\n" + "\n".join([*lines, *_use(content, class_name)]) + "\n```"


def _use(content: CardContent, class_name: str) -> list[str]:
    facts, which = content.facts, "last" if content.causal else "first"
    if facts.family == "classification":
        return [
            "from transformers import pipeline",
            'classify = pipeline("text-classification", model=folder, tokenizer=folder)',
            'classify({"text": "...", "text_pair": "..."}, top_k=None, truncation=True)',
        ]
    if facts.family == "tagging":
        return [
            "from transformers import pipeline",
            'tag = pipeline("token-classification", folder, tokenizer=folder, ignore_labels=[])',
            'tag([["words", "of", "a", "sentence"]], is_split_into_words=True)',
            f"# A word's tag and score are those of its {which} token. Byte-level tokenizers,",
            "# as that of RoBERTa, want a space before each word but the first.",
        ]
    auto = (
        "AutoModelForQuestionAnswering" if facts.family == "span" else "AutoModelForMultipleChoice"
    )
    lines = [
        f"from transformers import {auto}, AutoTokenizer",
        f"model = {auto}.from_pretrained(folder)  # {class_name}",
        "tokenizer = AutoTokenizer.from_pretrained(folder)",
    ]
    if facts.family == "span":
        return [
            *lines,
            'found = model(**tokenizer("question", "context", return_tensors="pt"))',
            "# An answer's score is start_logits[first token] + end_logits[last token]; that of",
            f"# the {which} token of all stands for no answer. Up to version 4 of transformers",
            '# pipeline("question-answering", model=folder, tokenizer=folder) does the search.',
        ]
    return [
        *lines,
        'pairs = tokenizer(["context"] * 2, ["question and option", "... another"],',
        '                  return_tensors="pt", padding=True)',
        "model(**{name: values[None] for name, values in pairs.items()}).logits  # (1, options)",
    ]


def _temperature(facts: ExportFacts) -> str:
    if facts.temperature is None:
        return "None was fitted: probabilities are the softmax of the trained head's scores."
    fitted = (
        f"T = {facts.temperature:.4f} was fitted on English development data (Guo et al. 2017). "
    )
    if facts.temperature_use == "apply":
        return fitted + (
            "The head's weights are divided by it: probabilities are those after temperature "
            "scaling. No prediction changes by it."
        )
    return fitted + (
        "It is **not** applied. Divide the logits by `calibration_temperature` of `config.json` "
        "before the softmax to have it."
    )


def _training(content: CardContent) -> str:
    facts = content.facts
    settings = ", ".join(f"{name} {value}" for name, value in content.training.items())
    seen = {
        "mean": "the mean of their token vectors",
        "first": "their first token's",
        "last": "their last token's",
    }[facts.pooling]
    data = "\n".join(
        f"- `{name}` (SHA-256 {digest[:16]}…)" for name, digest in content.data.items()
    )
    return (
        f"Encoder {facts.encoder}; {content.recipe}; training languages "
        f"{', '.join(content.train_languages)}; longest input {facts.max_length} tokens; the "
        f"vector of a text is {seen}.\n\nSettings: {settings}.\n\nTask {content.task.name}: "
        f"{content.task.citation}. Licence of its data, as the publisher states it: "
        f"{content.task.licence}.\n\nData files:\n\n{data}"
    )


def _scores(content: CardContent) -> str:
    scaled = any(entry.with_temperature for entry in content.languages)
    header = ["language", "rows", content.task.metric, "accuracy %", "NLL", "gap", "ECE % (floor)"]
    if scaled:
        header.append("ECE % with T")
    rows = [header, ["---"] * len(header)]
    for entry in content.languages:
        cells = [entry.language, f"{entry.measured.n:,}", number(100 * entry.official)]
        rows.append([*cells, *_measures(entry.measured)])
        if entry.with_temperature is not None:
            rows[-1].append(_error(entry.with_temperature))
    table = "\n".join("| " + " | ".join(row) + " |" for row in rows)
    return (
        f"{table}\n\nTest data; 95 % intervals over items, for this one trained model. *gap* is "
        "mean confidence less accuracy, in points. *ECE* is the debiased expected calibration "
        "error of the chosen label (15 bins), [its interval], *floor* what perfectly calibrated "
        "confidences would show on so many items, by chance, without debiasing. Scores are those "
        "of the trained head" + (", with T after division by it." if scaled else ".")
    )


def _measures(result: GroupResult) -> list[str]:
    def interval(name: str, digits: int = 1, factor: float = 100.0) -> str:
        value = result.means[name]
        if value is None:
            return "–"
        text = number(factor * value, digits=digits, signed=name == "gap")
        if name not in result.intervals:
            return text
        low, high = (
            number(factor * end, digits=digits, signed=name == "gap")
            for end in result.intervals[name]
        )
        return f"{text} ({low} to {high})"

    return [interval("accuracy"), interval("nll", 3, 1.0), interval("gap"), _error(result)]


def _error(result: GroupResult) -> str:
    error = result.errors["ece_debiased"]
    text = number(100 * error.value)
    if error.low is not None and error.high is not None:
        text += f" [{number(100 * error.low)} to {number(100 * error.high)}]"
    return text if error.noise_floor is None else f"{text} ({number(100 * error.noise_floor)})"


def _limits(content: CardContent, own_class: bool) -> list[str]:
    facts = content.facts
    tested = ", ".join(entry.language for entry in content.languages)
    limits = [
        f"Measured in {tested}, on test data of one kind. Elsewhere nothing is known of it.",
        "Confidence that holds in English need not hold in another language: the table says how "
        "far it did here. A temperature fitted in English need not mend that.",
        "One seed: how much another training would differ is not in the intervals.",
        f"Inputs beyond {facts.max_length} tokens are cut or need windows.",
        "Checked in float32. In half precision scores are coarser.",
    ]
    if facts.family == "span":
        limits.append(
            "Its class answers in whole tokens. The trained model also scores the characters "
            "within tokens, which `crosscal predict` uses: where an answer begins or ends within "
            "one, the two differ. Tokens of nothing but a space (`▁`) were not trained as ends of "
            "answers: leave them out."
        )
    if facts.family == "tagging":
        limits.append(
            "Words that leave no token behind are seen as a question mark by `crosscal predict`, "
            "and are left out by `pipeline`."
        )
    return limits
