"""The tasks with a question and options: one entry each."""

from __future__ import annotations

from crosscal.tasks.description import Task

_XCOPA = ("et", "ht", "id", "it", "qu", "sw", "ta", "th", "tr", "vi", "zh")

MULTIPLE_CHOICE_TASKS = (
    Task(
        name="hellaswag",
        family="multiple choice",
        description="Which of four endings continues the text?",
        licence="MIT",
        citation="Zellers et al. 2019, HellaSwag: Can a Machine Really Finish Your Sentence?, ACL",
        languages=("en",),
        splits=("train", "val"),
        formats=("hellaswag",),
        roles=("intermediate",),
    ),
    Task(
        name="cosmosqa",
        family="multiple choice",
        description="Which of four answers to a question about a text does common sense give?",
        licence="CC BY 4.0",
        citation="Huang et al. 2019, Cosmos QA: Machine Reading Comprehension with Contextual "
        "Commonsense Reasoning, EMNLP",
        languages=("en",),
        splits=("train", "valid"),
        formats=("cosmosqa",),
        roles=("intermediate",),
    ),
    Task(
        name="commonsenseqa",
        family="multiple choice",
        description="Which of five answers does common sense give?",
        licence="MIT",
        citation="Talmor et al. 2019, CommonsenseQA: A Question Answering Challenge Targeting "
        "Commonsense Knowledge, NAACL",
        languages=("en",),
        splits=("train", "dev"),
        formats=("commonsenseqa",),
        roles=("intermediate",),
    ),
    Task(
        name="siqa",
        family="multiple choice",
        description="Which of three answers to a question about people fits?",
        licence="CC BY 4.0",
        citation="Sap et al. 2019, Social IQa: Commonsense Reasoning about Social Interactions, "
        "EMNLP",
        languages=("en",),
        splits=("train", "dev"),
        formats=("siqa",),
    ),
    Task(
        name="copa",
        family="multiple choice",
        description="Which of two sentences is the cause, or the result?",
        licence="BSD 2-Clause",
        citation="Roemmele, Bejan and Gordon 2011, Choice of Plausible Alternatives: An Evaluation "
        "of Commonsense Causal Reasoning, AAAI Spring Symposium",
        languages=("en",),
        splits=("train", "val"),
        formats=("copa",),
    ),
    Task(
        name="xcopa",
        family="multiple choice",
        description="Which of two sentences is the cause, or the result? (the question in English)",
        licence="CC BY 4.0",
        citation="Ponti et al. 2020, XCOPA: A Multilingual Dataset for Causal Commonsense "
        "Reasoning, EMNLP",
        languages=("en", *_XCOPA),
        splits=("val", "test"),
        missing={"test": ("en",)},
        formats=("copa",),
        train_task="copa",
    ),
)
