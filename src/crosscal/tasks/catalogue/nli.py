"""The tasks of natural language inference: one entry each."""

from __future__ import annotations

from crosscal.languages import XNLI
from crosscal.tasks.catalogue.published_settings import jiant_settings, xtreme_settings
from crosscal.tasks.description import Task

NLI_LABELS = ("entailment", "neutral", "contradiction")
_QUESTION = "Does the premise entail the hypothesis, exclude it, or neither?"
_MNLI = ("mnli-jsonl", "mnli-tsv", "mnli-glue", "mnli-ptb")

NLI_TASKS = (
    Task(
        name="xnli",
        family="classification",
        texts=2,
        labels=NLI_LABELS,
        description=_QUESTION,
        licence="CC BY-NC 4.0",
        citation="Conneau et al. 2018, XNLI: Evaluating Cross-lingual Sentence "
        "Representations, EMNLP",
        languages=XNLI,
        splits=("dev", "test"),
        formats=("xnli-original", "xnli-xtreme", "xnli-hub"),
        train_task="mnli",
        roles=("target",),
        published_settings=jiant_settings(32, 2, 256)
        | xtreme_settings(
            "batch 32, 5 epochs, learning rate 3e-5 (XLM-R Large, XLM) or 2e-5, inputs of up to "
            "128 tokens"
        ),
    ),
    Task(
        name="mnli",
        family="classification",
        texts=2,
        labels=NLI_LABELS,
        description=_QUESTION,
        licence="OANC; CC BY, CC BY-SA and public domain by genre",
        citation="Williams, Nangia and Bowman 2018, A Broad-Coverage Challenge Corpus for "
        "Sentence Understanding through Inference, NAACL",
        languages=("en",),
        splits=("train", "dev_matched", "dev_mismatched"),
        formats=_MNLI,
        roles=("intermediate",),
    ),
    Task(
        name="snli",
        family="classification",
        texts=2,
        labels=NLI_LABELS,
        description=_QUESTION,
        licence="CC BY-SA 4.0",
        citation="Bowman et al. 2015, A Large Annotated Corpus for Learning Natural Language "
        "Inference, EMNLP",
        languages=("en",),
        splits=("train", "dev", "test"),
        formats=("snli", "mnli-ptb"),
    ),
    Task(
        name="anli",
        family="classification",
        texts=2,
        labels=NLI_LABELS,
        description=_QUESTION,
        licence="CC BY-NC 4.0",
        citation="Nie et al. 2020, Adversarial NLI: A New Benchmark for Natural Language "
        "Understanding, ACL",
        languages=("en",),
        splits=("train", "dev", "test"),
        formats=("anli",),
    ),
    Task(
        name="anli+",
        family="classification",
        texts=2,
        labels=NLI_LABELS,
        description=f"{_QUESTION} (ANLI, MNLI and SNLI together)",
        licence="as those of anli, mnli and snli",
        citation="Nie et al. 2020, Williams et al. 2018 and Bowman et al. 2015, joined by Phang et "
        "al. 2020, English Intermediate-Task Training Improves Zero-Shot Cross-Lingual Transfer "
        "Too, AACL",
        languages=("en",),
        splits=("train", "dev"),
        formats=("anli", "snli", *_MNLI),
        roles=("intermediate",),
    ),
    Task(
        name="sick",
        family="classification",
        texts=2,
        labels=NLI_LABELS,
        description=_QUESTION,
        licence="CC BY-NC-SA 3.0",
        citation="Marelli et al. 2014, A SICK Cure for the Evaluation of Compositional "
        "Distributional Semantic Models, LREC; in Dutch Wijnholds and Moortgat 2021, SICK-NL, EACL",
        languages=("en", "nl"),
        splits=("train", "trial", "test"),
        formats=("sick", "sick-nl"),
    ),
    Task(
        name="rte",
        family="classification",
        texts=2,
        labels=("entailment", "not_entailment"),
        description="Does the text entail the hypothesis?",
        licence="not stated",
        citation="Dagan et al. 2006, Bar-Haim et al. 2006, Giampiccolo et al. 2007 and Bentivogli "
        "et al. 2009, joined by Wang et al. 2019, GLUE, ICLR",
        languages=("en",),
        splits=("train", "dev"),
        formats=("rte-glue",),
    ),
    Task(
        name="americasnli",
        family="classification",
        texts=2,
        labels=NLI_LABELS,
        description=f"{_QUESTION} (part of XNLI in languages of the Americas)",
        licence="CC BY-SA 4.0",
        citation="Ebrahimi et al. 2022, AmericasNLI: Evaluating Zero-shot Natural Language "
        "Understanding of Pretrained Multilingual Models in Truly Low-resource Languages, ACL",
        languages=("aym", "bzd", "cni", "gn", "hch", "nah", "oto", "quy", "shp", "tar"),
        splits=("dev", "test"),
        formats=("americasnli",),
        train_task="mnli",
    ),
    Task(
        name="kornli",
        family="classification",
        texts=2,
        labels=NLI_LABELS,
        description=f"{_QUESTION} (XNLI in Korean; its training data are machine-translated)",
        licence="CC BY-SA 4.0",
        citation="Ham et al. 2020, KorNLI and KorSTS: New Benchmark Datasets for Korean Natural "
        "Language Understanding, Findings of EMNLP",
        languages=("ko",),
        splits=("train", "dev", "test"),
        formats=("kornli",),
        train_task="mnli",
    ),
    Task(
        name="klue-nli",
        family="classification",
        texts=2,
        labels=NLI_LABELS,
        description=f"{_QUESTION} (written in Korean)",
        licence="CC BY-SA 4.0",
        citation="Park et al. 2021, KLUE: Korean Language Understanding Evaluation, NeurIPS "
        "Datasets and Benchmarks",
        languages=("ko",),
        splits=("train", "dev"),
        formats=("klue-nli",),
        train_task="mnli",
    ),
    Task(
        name="ocnli",
        family="classification",
        texts=2,
        labels=NLI_LABELS,
        description=f"{_QUESTION} (written in Chinese)",
        licence="CC BY-NC 2.0",
        citation="Hu et al. 2020, OCNLI: Original Chinese Natural Language Inference, Findings of "
        "EMNLP",
        languages=("zh",),
        splits=("train", "dev"),
        formats=("ocnli",),
        train_task="mnli",
    ),
    Task(
        name="jampatoisnli",
        family="classification",
        texts=2,
        labels=NLI_LABELS,
        description=f"{_QUESTION} (written in Jamaican Patois)",
        licence="not stated",
        citation="Armstrong, Hewitt and Manning 2022, JamPatoisNLI: A Jamaican Patois Natural "
        "Language Inference Dataset, Findings of EMNLP",
        languages=("jam",),
        splits=("train", "val", "test"),
        formats=("jampatoisnli",),
        train_task="mnli",
    ),
    Task(
        name="mini-nli",
        family="classification",
        texts=2,
        labels=NLI_LABELS,
        description=f"{_QUESTION} (built in)",
        licence="CC0-1.0",
        citation="Part of crosscal",
        languages=XNLI,
        splits=("train", "dev", "test"),
        missing=dict.fromkeys(("train", "dev"), tuple(code for code in XNLI if code != "en")),
        formats=("mini-nli",),
    ),
)
