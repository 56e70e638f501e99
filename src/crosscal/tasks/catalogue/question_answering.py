"""The tasks with a question and a text that may hold its answer: one entry each."""

from __future__ import annotations

from crosscal.tasks.catalogue.published_settings import jiant_settings, xtreme_settings
from crosscal.tasks.description import Task

_QUESTION = "Which stretch of the text answers the question?"
_MEAN = "mean of exact match and F1"
_SETTINGS = jiant_settings(16, 2, 384) | xtreme_settings(
    "3 epochs, learning rate 3e-5, 500 steps of warm-up, inputs of up to 384 tokens, stride 128"
)

QUESTION_ANSWERING_TASKS = (
    Task(
        name="squad1",
        family="span",
        description=_QUESTION,
        licence="CC BY-SA 4.0",
        citation="Rajpurkar et al. 2016, SQuAD: 100,000+ Questions for Machine Comprehension of "
        "Text, EMNLP",
        languages=("en",),
        splits=("train", "dev"),
        formats=("squad", "squad-hub"),
        scoring="squad",
        metric=_MEAN,
        roles=("intermediate",),
    ),
    Task(
        name="squad2",
        family="span",
        description="Which stretch of the text answers the question, if any does?",
        licence="CC BY-SA 4.0",
        citation="Rajpurkar, Jia and Liang 2018, Know What You Don't Know: Unanswerable Questions "
        "for SQuAD, ACL",
        languages=("en",),
        splits=("train", "dev"),
        formats=("squad", "squad-hub"),
        scoring="squad2",
        metric=_MEAN,
        roles=("intermediate",),
    ),
    Task(
        name="xquad",
        family="span",
        description=_QUESTION,
        licence="CC BY-SA 4.0",
        citation="Artetxe, Ruder and Yogatama 2020, On the Cross-lingual Transferability of "
        "Monolingual Representations, ACL",
        languages=tuple("ar de el en es hi ru th tr vi zh".split()),
        splits=("test",),
        formats=("xquad", "xquad-hub"),
        scoring="squad",
        metric=_MEAN,
        train_task="squad1",
        roles=("target",),
        published_settings=_SETTINGS,
    ),
    Task(
        name="mlqa",
        family="span",
        description=_QUESTION,
        licence="CC BY-SA 3.0",
        citation="Lewis et al. 2020, MLQA: Evaluating Cross-lingual Extractive Question Answering, "
        "ACL",
        languages=tuple("ar de en es hi vi zh".split()),
        splits=("dev", "test"),
        formats=("mlqa",),
        scoring="mlqa",
        metric=_MEAN,
        train_task="squad1",
        roles=("target",),
        published_settings=_SETTINGS,
    ),
    Task(
        name="tydiqa",
        family="span",
        description=f"{_QUESTION} (TyDiQA-GoldP)",
        licence="Apache-2.0",
        citation="Clark et al. 2020, TyDi QA: A Benchmark for Information-Seeking Question "
        "Answering in Typologically Diverse Languages, TACL",
        languages=tuple("ar bn en fi id ko ru sw te".split()),
        splits=("train", "dev"),
        formats=("tydiqa-goldp", "tydiqa-hub"),
        scoring="squad",
        metric=_MEAN,
        roles=("target",),
        published_settings=_SETTINGS,
    ),
    Task(
        name="tydiqa-en",
        family="span",
        description=f"{_QUESTION} (English part of TyDiQA-GoldP)",
        licence="Apache-2.0",
        citation="Clark et al. 2020, TyDi QA: A Benchmark for Information-Seeking Question "
        "Answering in Typologically Diverse Languages, TACL",
        languages=("en",),
        splits=("train", "dev"),
        formats=("tydiqa-goldp", "tydiqa-hub"),
        scoring="squad",
        metric=_MEAN,
    ),
)
