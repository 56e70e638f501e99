"""The tasks with a tag for each word: one entry each."""

from __future__ import annotations

from crosscal.tasks.catalogue.published_settings import XTREME, jiant_settings, xtreme_settings
from crosscal.tasks.description import Task

UPOS = tuple(
    "ADJ ADP ADV AUX CCONJ DET INTJ NOUN NUM PART PRON PROPN PUNCT SCONJ SYM VERB X".split()
)
_SETTINGS = jiant_settings(32, 10, 256) | xtreme_settings("10 epochs, learning rate 2e-5")


def entity_tags(*types: str) -> tuple[str, ...]:
    """Return the tags of named entities in the BIO scheme."""
    return ("O", *(f"{place}-{name}" for name in types for place in "BI"))


TAGGING_TASKS = (
    Task(
        name="udpos",
        family="tagging",
        labels=UPOS,
        description="Which part of speech is each word?",
        licence="by treebank, mostly CC BY-SA",
        citation="Nivre et al. 2020, Universal Dependencies v2: An Evergrowing Multilingual "
        "Treebank Collection, LREC",
        languages=tuple(
            "af ar bg de el en es et eu fa fi fr he hi hu id it ja kk ko mr nl pt ru ta te th tl "
            "tr ur vi yo zh".split()
        ),
        splits=("train", "dev", "test"),
        missing={"train": ("th", "tl", "yo"), "dev": ("kk", "th", "tl", "yo")},
        formats=("conllu", "ud-pud", "udpos-xtreme", "udpos-hub"),
        scoring="pos",
        metric="F1 over runs of equal tags",
        roles=("target",),
        published_settings=_SETTINGS,
    ),
    Task(
        name="panx",
        family="tagging",
        labels=entity_tags("PER", "ORG", "LOC"),
        description="Which words name a person, an organisation or a place?",
        licence="not stated",
        citation="Pan et al. 2017, Cross-lingual Name Tagging and Linking for 282 Languages, ACL; "
        "split by Rahimi, Li and Cohn 2019, Massively Multilingual Transfer for NER, ACL",
        languages=XTREME,
        splits=("train", "dev", "test"),
        formats=("wikiann", "panx-xtreme", "panx-hub"),
        scoring="entities",
        metric="F1 over entities",
        roles=("target",),
        published_settings=_SETTINGS,
    ),
    Task(
        name="masakhaner",
        family="tagging",
        labels=entity_tags("PER", "ORG", "LOC", "DATE"),
        description="Which words name a person, an organisation, a place or a date?",
        licence="CC BY-NC 4.0",
        citation="Adelani et al. 2021, MasakhaNER: Named Entity Recognition for African Languages, "
        "TACL",
        languages=("am", "ha", "ig", "lg", "luo", "pcm", "rw", "sw", "wo", "yo"),
        splits=("train", "dev", "test"),
        formats=("masakhaner", "masakhaner-hub"),
        scoring="entities",
        metric="F1 over entities",
        train_task="panx",
    ),
    Task(
        name="ccg",
        family="tagging",
        open_labels=True,
        description="Which category of combinatory categorial grammar has each word?",
        licence="Linguistic Data Consortium (LDC2005T13)",
        citation="Hockenmaier and Steedman 2007, CCGbank: A Corpus of CCG Derivations and "
        "Dependency Structures Extracted from the Penn Treebank, Computational Linguistics",
        languages=("en",),
        splits=("train", "dev", "test"),
        formats=("ccg-auto", "ccg-stagged", "ccg-json", "conll"),
        metric="accuracy over words",
        roles=("intermediate",),
    ),
)
