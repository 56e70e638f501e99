"""Run by tests in a process of its own: exported folders under transformers, without crosscal.

Reads jobs from standard input as JSON: a function below, a folder, inputs; writes what came out.
"""

import json
import sys
from pathlib import Path

import torch
import transformers
from transformers import AutoModelForMultipleChoice, AutoModelForQuestionAnswering, AutoTokenizer


def classify(folder, inputs):
    """Probabilities by label, one by one and in batches."""
    pipe = transformers.pipeline("text-classification", model=folder, tokenizer=folder)
    options = {"top_k": None, "truncation": True}
    one = [pipe(each, **options) for each in inputs]
    many = pipe(inputs, batch_size=8, padding=True, **options)
    return [
        [{each["label"]: each["score"] for each in row} for row in rows] for rows in (one, many)
    ]


def tag(folder, inputs):
    """Tag and probability of each word: that of its first token."""
    pipe = transformers.pipeline(
        "token-classification", model=folder, tokenizer=folder, ignore_labels=[]
    )
    results = []
    for words in inputs:
        tokens = pipe([words], is_split_into_words=True)[0]
        first = {}
        for token in tokens:
            first.setdefault(token["start"], token)
        starts = [len(" ".join(words[:i])) + bool(i) for i in range(len(words))]
        results.append([[first[i]["entity"], float(first[i]["score"])] for i in starts])
    return results


def answer(folder, inputs):
    """Return the best answer and its score, over whole tokens."""
    model = AutoModelForQuestionAnswering.from_pretrained(folder).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    answers = []
    for question, context in inputs:
        encoded = tokenizer(question, context, return_offsets_mapping=True, return_tensors="pt")
        offsets = encoded.pop("offset_mapping")[0].tolist()
        with torch.no_grad():
            found = model(**encoded)
        # As the card says: a token of nothing but the space before a word is no end of an answer.
        words = [token.strip("▁") for token in encoded.tokens()]
        of_context = [i for i, text in enumerate(encoded.sequence_ids(0)) if text == 1 and words[i]]
        pairs = [
            (float(found.start_logits[0, i] + found.end_logits[0, j]), offsets[i][0], offsets[j][1])
            for i in of_context
            for j in of_context
            if i <= j < i + 30
        ]
        score, start, end = max(pairs)
        answers.append([context[start:end].strip(), score])
    return answers


def choose(folder, inputs):
    """Scores of options, of which each is a pair of texts."""
    model = AutoModelForMultipleChoice.from_pretrained(folder).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    scores = []
    for pairs in inputs:
        encoded = tokenizer(*map(list, zip(*pairs, strict=True)), return_tensors="pt", padding=True)
        with torch.no_grad():
            logits = model(**{name: values[None] for name, values in encoded.items()}).logits
        scores.append(logits[0].tolist())
    return scores


def refuse(folder, inputs):
    """Return the error of loading a folder whose class is not known yet."""
    try:
        transformers.AutoModelForSequenceClassification.from_pretrained(folder)
    except ValueError as error:
        return str(error)
    return "loaded"


def main():
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    torch.set_num_threads(1)
    results = []
    for name, folder, inputs in json.load(sys.stdin):
        brought = Path(folder, "pooled_encoder.py")
        if name != "refuse" and brought.exists() and "pooled_encoder" not in sys.modules:
            sys.path.insert(0, folder)
            import pooled_encoder  # noqa: F401
        results.append(globals()[name](folder, inputs))
    assert not [name for name in sys.modules if name.startswith("crosscal")]
    print("\n" + json.dumps(results))


main()
