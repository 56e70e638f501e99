"""The tasks that are not trained on labels: finding translations, and filling in words."""

from __future__ import annotations

from crosscal.tasks.catalogue.published_settings import JIANT, XTREME
from crosscal.tasks.description import Task

BITEXT_MINING_TASKS = (
    Task(
        name="bucc2018",
        family="retrieval",
        description="Which sentences of two corpora translate each other?",
        licence="for research",
        citation="Zweigenbaum, Sharoff and Rapp 2018, Overview of the Third BUCC Shared Task: "
        "Spotting Parallel Sentences in Comparable Corpora, BUCC",
        languages=("de", "fr", "ru", "zh"),
        splits=("sample", "training"),
        formats=("bucc2018",),
        scoring="bitext",
        metric="F1 over pairs",
        roles=("target",),
        published_settings={
            JIANT: "not trained; mean of layer 14, cosine with ratio margin over 4 neighbours, "
            "both directions, inputs of up to 512 tokens"
        },
    ),
    Task(
        name="tatoeba",
        family="retrieval",
        description="Which sentence translates the given one?",
        licence="CC BY 2.0 FR",
        citation="Artetxe and Schwenk 2019, Massively Multilingual Sentence Embeddings for "
        "Zero-Shot Cross-Lingual Transfer and Beyond, TACL",
        languages=tuple(code for code in XTREME if code not in ("en", "ms", "my", "yo")),
        splits=("test",),
        formats=("tatoeba-laser", "tatoeba-xtreme"),
        roles=("target",),
        published_settings={JIANT: "not trained; mean of layer 14, nearest neighbour"},
    ),
    Task(
        name="mlm",
        family="masked language modelling",
        description="Which token was masked?",
        licence="that of the text; Wikipedia: CC BY-SA",
        citation="Devlin et al. 2019, BERT: Pre-training of Deep Bidirectional Transformers for "
        "Language Understanding, NAACL",
        languages=XTREME,
        splits=("train",),
        formats=("text", "wikipedia"),
        scoring="",
        metric="",
    ),
)
