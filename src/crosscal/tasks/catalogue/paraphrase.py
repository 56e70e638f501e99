"""The other tasks on pairs of texts: paraphrases, and answerable questions."""

from __future__ import annotations

from crosscal.tasks.catalogue.published_settings import jiant_settings, xtreme_settings
from crosscal.tasks.description import Task

PARAPHRASE_LABELS = ("different", "paraphrase")

PARAPHRASE_TASKS = (
    Task(
        name="pawsx",
        family="classification",
        texts=2,
        labels=PARAPHRASE_LABELS,
        description="Do two sentences with much the same words say the same?",
        licence="free for any use, Google asks to be named",
        citation="Yang et al. 2019, PAWS-X: A Cross-lingual Adversarial Dataset for Paraphrase "
        "Identification, EMNLP",
        languages=("de", "en", "es", "fr", "ja", "ko", "zh"),
        splits=("train", "dev", "test"),
        formats=("pawsx-original", "pawsx-xtreme", "pawsx-hub"),
        roles=("target",),
        published_settings=jiant_settings(32, 5, 256)
        | xtreme_settings("5 epochs, learning rate 2e-5"),
    ),
    Task(
        name="paws",
        family="classification",
        texts=2,
        labels=PARAPHRASE_LABELS,
        description="Do two sentences with much the same words say the same?",
        licence="free for any use, Google asks to be named",
        citation="Zhang, Baldridge and He 2019, PAWS: Paraphrase Adversaries from Word Scrambling, "
        "NAACL",
        languages=("en",),
        splits=("train", "dev", "test"),
        formats=("paws", "pawsx-original", "pawsx-xtreme", "pawsx-hub"),
    ),
    Task(
        name="qqp",
        family="classification",
        texts=2,
        labels=PARAPHRASE_LABELS,
        description="Do two questions from Quora ask the same?",
        licence="Quora terms of service, non-commercial",
        citation="Iyer, Dandekar and Csernai 2017, First Quora Dataset Release: Question Pairs",
        languages=("en",),
        splits=("train", "dev"),
        formats=("qqp", "qqp-quora"),
        metric="accuracy and F1",
        roles=("intermediate",),
    ),
    Task(
        name="mrpc",
        family="classification",
        texts=2,
        labels=PARAPHRASE_LABELS,
        description="Do two sentences from the news say the same?",
        licence="Microsoft Research terms",
        citation="Dolan and Brockett 2005, Automatically Constructing a Corpus of Sentential "
        "Paraphrases, IWP",
        languages=("en",),
        splits=("train", "test"),
        formats=("mrpc",),
        metric="accuracy and F1",
    ),
    Task(
        name="paraphrase",
        family="classification",
        texts=2,
        labels=PARAPHRASE_LABELS,
        description="Do two sentences say the same? (built in)",
        licence="CC0-1.0",
        citation="Part of crosscal",
        languages=("en",),
        splits=("train", "dev"),
        formats=("mini-paraphrase",),
    ),
    Task(
        name="answerability",
        family="classification",
        texts=2,
        labels=("unanswerable", "answerable"),
        description="Does the sentence answer the question? (built in)",
        licence="CC0-1.0",
        citation="Part of crosscal",
        languages=("en",),
        splits=("train", "dev"),
        formats=("mini-answerability",),
    ),
)
