"""The tasks on pairs of texts: one entry each, and the only place to add one."""

from __future__ import annotations

from crosscal.languages import XNLI
from crosscal.tasks.description import Task

NLI_LABELS = ("entailment", "neutral", "contradiction")
PARAPHRASE_LABELS = ("different", "paraphrase")

PAIR_TASKS = (
    Task(
        name="xnli",
        family="classification",
        labels=NLI_LABELS,
        description="Does the premise entail the hypothesis, exclude it, or neither?",
        licence="CC BY-NC 4.0",
        citation="Conneau et al. 2018, XNLI: Evaluating Cross-lingual Sentence "
        "Representations, EMNLP",
        languages=XNLI,
        splits=("dev", "test"),
    ),
    Task(
        name="mnli",
        family="classification",
        labels=NLI_LABELS,
        description="Does the premise entail the hypothesis, exclude it, or neither?",
        licence="OANC; CC BY, CC BY-SA and public domain by genre",
        citation="Williams, Nangia and Bowman 2018, A Broad-Coverage Challenge Corpus for "
        "Sentence Understanding through Inference, NAACL",
        languages=("en",),
        splits=("train", "dev_matched", "dev_mismatched"),
    ),
    Task(
        name="mrpc",
        family="classification",
        labels=PARAPHRASE_LABELS,
        description="Do two sentences from the news say the same?",
        licence="Microsoft Research terms",
        citation="Dolan and Brockett 2005, Automatically Constructing a Corpus of Sentential "
        "Paraphrases, IWP",
        languages=("en",),
        splits=("train", "test"),
    ),
    Task(
        name="qqp",
        family="classification",
        labels=PARAPHRASE_LABELS,
        description="Do two questions from Quora ask the same?",
        licence="Quora terms of service, non-commercial",
        citation="Iyer, Dandekar and Csernai 2017, First Quora Dataset Release: Question Pairs",
        languages=("en",),
        splits=("train", "dev"),
    ),
    Task(
        name="mini-nli",
        family="classification",
        labels=NLI_LABELS,
        description="Does the premise entail the hypothesis, exclude it, or neither? (built in)",
        licence="CC0-1.0",
        citation="Part of crosscal",
        languages=XNLI,
        splits=("train", "dev", "test"),
    ),
    Task(
        name="paraphrase",
        family="classification",
        labels=PARAPHRASE_LABELS,
        description="Do two sentences say the same? (built in)",
        licence="CC0-1.0",
        citation="Part of crosscal",
        languages=("en",),
        splits=("train", "dev"),
    ),
    Task(
        name="answerability",
        family="classification",
        labels=("unanswerable", "answerable"),
        description="Does the sentence answer the question? (built in)",
        licence="CC0-1.0",
        citation="Part of crosscal",
        languages=("en",),
        splits=("train", "dev"),
    ),
)
