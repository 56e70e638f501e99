"""Take gold answers to tokens of the packaged encoder and back to characters.

    python benchmarks/span_roundtrip.py --data DATA [--tydiqa-gold FOLDER]

DATA holds the folders ``xquad`` and ``tydiqa``; FOLDER holds files ``test-{language}.json`` with
questions and gold answers of TyDi QA as XTREME's evaluator takes them. Written to
``benchmarks/span_roundtrip.json`` for each language: the number of questions, the share whose first
gold answer comes back equal, the share that would if answers could only start and end at the edges
of tokens, and every failure with its reason; and the same of all gold answers of all languages
together.

The public samples of TyDi QA have answers to the English and Swahili training questions only; of
the other languages stretches of one to six words are drawn from the contexts of the development
questions, without punctuation at their ends, and marked as drawn. The benchmark's own mock sample
has gold answers in all nine languages, to one question each: it goes in FOLDER and is reported by
itself.
"""

from __future__ import annotations

import argparse
import json
import unicodedata
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from crosscal.data import read_examples
from crosscal.data.examples import Answer, SpanExample
from crosscal.encoders.loading import load_tokenizer, locate_encoder
from crosscal.tasks import InputLimits
from crosscal.tasks.families.span_tokens import (
    context_tokens,
    gold_slots,
    question_windows,
    slot_spans,
    split_punctuation,
)

LIMITS = InputLimits(max_length=384, token_types=1)
XQUAD = ("ar", "de", "el", "en", "es", "hi", "ru", "th", "tr", "vi", "zh")
TYDIQA = ("ar", "bn", "en", "fi", "id", "ko", "ru", "sw", "te")


def come_back(tokenizer: Any, example: SpanExample, answer: Answer) -> list[tuple[str, bool]]:
    """Return what the answer becomes in each window, and whether edges of tokens are its own."""
    found = []
    with split_punctuation(tokenizer):
        context = tokenizer.encode(example.context, add_special_tokens=False)
        windows = question_windows(tokenizer, example.question, context, LIMITS)
    for window in windows.encodings:
        _, spans = context_tokens(window, example.context)
        first, last = gold_slots(spans, [answer])
        if first > 0:
            _, within, characters = slot_spans(np.array(spans))
            start, end = characters[first - 1, 0], characters[last - 1, 1]
            found.append((example.context[start:end], not within[[first - 1, last - 1]].any()))
    return found


def reason(answer: Answer, found: Sequence[str]) -> str:
    """Say why an answer did not come back."""
    if not found:
        return "longer than the overlap of two windows"
    if answer.text.strip() in found:
        return "begins or ends with a blank"
    return "a token joins it with what stands beside it"


def drawn(examples: Sequence[SpanExample], seed: int) -> list[tuple[SpanExample, Answer]]:
    """Draw a stretch of words from the context of each question."""
    generator = np.random.default_rng(seed)
    pairs = []
    for example in examples:
        words = example.context.split()
        for _ in range(20):
            first = int(generator.integers(len(words)))
            last = min(len(words) - 1, first + int(generator.integers(6)))
            start = place(example.context, words, first)
            end = place(example.context, words, last) + len(words[last])
            text = example.context[start:end]
            left = text.lstrip(_marks(text))
            answer = Answer(left.rstrip(_marks(left)), start + len(text) - len(left))
            if answer.text:
                pairs.append((example, answer))
                break
    return pairs


def place(context: str, words: Sequence[str], number: int) -> int:
    """Return where a word begins."""
    at = 0
    for word in words[: number + 1]:
        at = context.index(word, at) + len(word)
    return at - len(words[number])


def _marks(text: str) -> str:
    return "".join({c for c in text if unicodedata.category(c)[0] in "PSZC"})


def measure(tokenizer: Any, pairs: Sequence[tuple[SpanExample, Answer]]) -> dict[str, Any]:
    """Take answers there and back."""
    failures, edges = [], 0
    for example, answer in pairs:
        found = come_back(tokenizer, example, answer)
        edges += (answer.text, True) in found
        texts = [text for text, _ in found]
        if answer.text not in texts:
            failures.append(
                {
                    "question": example.question_id,
                    "answer": answer.text,
                    "becomes": texts[:1],
                    "reason": reason(answer, texts),
                }
            )
    return {
        "n": len(pairs),
        "share": 1 - len(failures) / len(pairs),
        "share_at_edges_of_tokens": edges / len(pairs),
        "reasons": dict(Counter(failure["reason"] for failure in failures)),
        "failures": failures,
    }


def together(found: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return the shares of all gold answers, whatever their language."""
    parts = [
        part
        for by_language in found.values()
        for part in by_language.values()
        if part["answers"].startswith("gold")
    ]
    n = sum(part["n"] for part in parts)
    shares = {
        name: sum(part[name] * part["n"] for part in parts) / n
        for name in ("share", "share_at_edges_of_tokens")
    }
    return {"n": n, **shares, "failures": sum(len(part["failures"]) for part in parts)}


def with_gold(form: str, path: Path, split: str, language: str) -> list[tuple[SpanExample, Answer]]:
    examples = read_examples(form, path, split=split, languages=(language,)).examples
    return [(example, example.answers[0]) for example in examples]


def tydiqa(folder: Path, language: str) -> dict[str, list[tuple[SpanExample, Answer]]]:
    """Return gold answers where the sample has them, else stretches of the contexts."""
    training = folder / "tydiqa-goldp-v1.1-train"
    if (training / f"tydiqa.goldp.{language}.train.json").exists():
        return {"gold, train": with_gold("tydiqa-goldp", training, "train", language)}
    examples = read_examples(
        "tydiqa-goldp", folder, split="dev", languages=(language,), require_labels=False
    ).examples
    return {"drawn, dev": drawn(examples, 0)}


def mock_sample(folder: Path, language: str) -> list[tuple[SpanExample, Answer]]:
    """Return every gold answer of the few questions with answers in all languages."""
    path = folder / f"test-{language}.json"
    examples = read_examples("squad", path, split="test", languages=(language,)).examples
    return [(example, answer) for example in examples for answer in example.answers]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--tydiqa-gold", type=Path, help="folder with files test-{language}.json")
    options = parser.parse_args()
    tokenizer = load_tokenizer(locate_encoder("packaged"))
    sets = {
        ("xquad", language): {
            "gold, test": with_gold("xquad", options.data / "xquad", "test", language)
        }
        for language in XQUAD
    }
    sets |= {("tydiqa", language): tydiqa(options.data / "tydiqa", language) for language in TYDIQA}
    if options.tydiqa_gold:
        sets |= {
            ("tydiqa, mock sample", language): {
                "gold, mock sample": mock_sample(options.tydiqa_gold, language)
            }
            for language in TYDIQA
        }
    found: dict[str, dict[str, Any]] = {}
    for (name, language), parts in sets.items():
        for answers, pairs in parts.items():
            result = {"answers": answers, **measure(tokenizer, pairs)}
            found.setdefault(name, {})[language] = result
            print(name, language, answers, result["n"], f"{result['share']:.2%}", flush=True)
    whole = together(found)
    print("all gold", whole["n"], f"{whole['share']:.2%}", flush=True)
    text = json.dumps({"all gold answers": whole, **found}, indent=1, ensure_ascii=False)
    Path(__file__).with_suffix(".json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
