"""The study file's fields: types, defaults, and what each means."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from crosscal.study.config.execution import Cluster, Execution, RayCluster, Tracking
from crosscal.study.config.section import Section
from crosscal.training.settings import Mixture, TrainingSettings

# The name of the target of a study that has one, written as [target].
ONE_TARGET = "target"

# A study names a folder; file systems take names of up to 255 bytes.
STUDY_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"
# The folder beside those of studies, on file systems that tell capitals apart or not.
STORE = "store"

# The family that nothing is trained on.
RETRIEVAL = "retrieval"

# The task of running text: masked language modelling.
MLM = "mlm"

# Of targets, intermediate tasks and recipes: parts of file names.
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_+-]{0,59}$")]

# What every generator of random numbers takes.
_LARGEST_SEED = 2**32 - 1


class FilesConfig(Section):
    """Files that examples are read from."""

    format: str = Field(description="name of a file format; `crosscal data formats` lists them")
    path: str | None = Field(
        default=None,
        description="file or folder, seen from the study file; {name} from [paths]",
    )
    hub: str | None = Field(
        default=None,
        description="in place of path: the id of a data set on the Hugging Face Hub, or a folder "
        "in the Hub's layout",
    )
    config: str | None = Field(
        default=None, description="its configuration; {language} stands for the language"
    )
    network: bool = Field(default=False, description="allow the download of a data set of the Hub")
    split: str | None = Field(
        default=None, description="train, dev or test, where a folder has more"
    )
    columns: dict[str, str] = Field(
        default_factory=dict,
        description="names of the file's columns by role, for the formats that leave them open",
    )
    codes: dict[str, str] = Field(
        default_factory=dict,
        description="what the files call a language, by code, where they call it otherwise",
    )
    encoding: str | None = Field(
        default=None,
        description="of text files, as Python names it (cp1252, gb18030); none: UTF-8, or what the "
        "files show",
    )


class ExpectedSize(Section):
    """How much a source holds, for plans that are made before its files are there."""

    examples: int = Field(gt=0, description="of all its languages and sources")
    characters: float = Field(gt=0, description="of all texts of an example, on average")


class SourceConfig(FilesConfig):
    """Where examples come from."""

    by_language: dict[str, FilesConfig] = Field(
        default_factory=dict,
        description="sources of the languages that have one of their own; what such a table leaves "
        "out is as in this one",
    )
    join: bool = Field(
        default=False,
        description="keep the rows that every language has, matched by the ids in their files",
    )
    clusters: int | None = Field(
        default=None,
        gt=0,
        description="keep so many clusters (premises, all their rows) of each language, evenly "
        "spaced, or all where there are fewer; none: all",
    )
    also: tuple[SourceConfig, ...] = Field(
        default=(), description="further sources, whose examples follow"
    )
    expected: ExpectedSize | None = Field(
        default=None,
        description="how much it holds; `crosscal plan` goes by it while the files are not there",
    )

    @model_validator(mode="before")
    @classmethod
    def _shared(cls, content: Any) -> Any:
        """Lay what is particular to a language over what all share."""
        own = content.get("by_language") if isinstance(content, dict) else None
        if not isinstance(own, dict) or not all(isinstance(table, dict) for table in own.values()):
            return content
        shared = {key: content[key] for key in FilesConfig.model_fields if key in content}
        # A language that lies in files does not lie on the Hub as well, and the other way round.
        other = {"path": ("hub", "config", "network"), "hub": ("path",)}
        left = {
            code: {key for place in other.keys() & table.keys() for key in other[place]}
            for code, table in own.items()
        }
        tables = {
            code: {key: value for key, value in shared.items() if key not in left[code]} | table
            for code, table in own.items()
        }
        # Languages without a source of their own need not be there.
        formats = [table["format"] for table in tables.values() if "format" in table]
        return {"format": formats[0], **content, "by_language": tables} if formats else content


def _with_split(source: SourceConfig, split: str) -> SourceConfig:
    """Name the split of a source and of all beneath it, where they name none."""
    return source.model_copy(
        update={
            "split": source.split or split,
            "also": tuple(_with_split(part, split) for part in source.also),
            "by_language": {
                code: files.model_copy(update={"split": files.split or split})
                for code, files in source.by_language.items()
            },
        }
    )


class EncoderSettings(Section):
    """The pretrained multilingual model."""

    name: str = Field(
        default="packaged", description="'packaged', the path of a folder, or the id of a Hub model"
    )
    layers: int | None = Field(
        default=None, gt=0, description="keep so many, evenly spaced; none: all"
    )
    pooling: Literal["mean", "first", "last"] = Field(
        default="mean",
        description="what the head sees: the mean token vector, or the first or last token's",
    )
    trim: bool = Field(
        default=True,
        description="hold only the embedding rows a stage needs (same results, faster)",
    )
    network: bool = Field(default=False, description="allow the download of a Hub model")


class Translate(Section):
    """Machine translation of a source's examples."""

    translator: str = Field(
        default="apertium", description="'apertium', 'seq2seq', or one of an installed package"
    )
    to: str = Field(default="en", description="language to translate into")
    settings: dict[str, Any] = Field(
        default_factory=dict, description="of the translator, as its documentation names them"
    )

    @field_validator("settings")
    @classmethod
    def _not_ours(cls, settings: dict[str, Any]) -> dict[str, Any]:
        ours = {"name", "source", "target"} & settings.keys()
        if ours:
            raise ValueError(f"'{min(ours)}' is not a setting: 'translator' and 'to' say it")
        return settings


class TaskConfig(Section):
    """A task, and what is particular about training on it."""

    task: str = Field(description="name of a task; `crosscal tasks` lists them")
    train_languages: tuple[str, ...] = Field(
        default=("en",), min_length=1, description="languages of the training examples"
    )
    dev_languages: tuple[str, ...] = Field(
        default=("en",),
        min_length=1,
        description="languages of the development examples, which choose checkpoints",
    )
    translate: Translate | None = Field(
        default=None, description="train on the machine translation of the training examples"
    )
    training: dict[str, Any] = Field(
        default_factory=dict, description="settings of [training] that differ for this task"
    )

    @field_validator("*")
    @classmethod
    def _each_once(cls, value: Any, info: ValidationInfo) -> Any:
        if str(info.field_name).endswith("languages") and len(set(value)) < len(value):
            raise ValueError("a language is listed twice")
        return value


class IntermediateTask(TaskConfig):
    """An intermediate task and its examples."""

    train: SourceConfig = Field(description="training examples")
    dev: SourceConfig = Field(
        description="development examples, in English unless `dev_languages` says otherwise: they "
        "alone choose checkpoints"
    )


class Search(Section):
    """How translations are looked for: of targets of the retrieval family."""

    layer: int | None = Field(
        default=None, ge=0, description="whose vectors are compared (0: embeddings); none: the last"
    )
    prefix: str = Field(
        default="", description="put before every sentence, as the encoder was trained with"
    )
    neighbours: int = Field(
        default=10, ge=2, description="candidates of each sentence; of mining, 4 in XTREME"
    )


class TargetTask(TaskConfig):
    """The target task: trained on in English as a rule, tested in every language."""

    train: SourceConfig | None = Field(
        default=None, description="training examples; targets of the retrieval family have none"
    )
    dev: SourceConfig | None = Field(
        default=None,
        description="development examples, in English unless `dev_languages` says otherwise: they "
        "alone choose checkpoints; of mining the training pairs, which choose the threshold",
    )
    test: SourceConfig = Field(description="test examples in every language")
    calibration: SourceConfig | None = Field(
        default=None,
        description="labelled examples in every language that are not tested on, for "
        "[recalibration] to learn from; of split dev unless it names another",
    )
    languages: tuple[str, ...] = Field(
        default=(), description="codes, the baseline among them; none: those of the task"
    )
    baseline: str | None = Field(
        default=None,
        description="language that others are compared with; none: English, or in the retrieval "
        "family the first",
    )
    translate_test: Translate | None = Field(
        default=None,
        description="test on the machine translation of every other language into that of the "
        "training examples (the translate-test baseline)",
    )
    search: Search = Search()

    @field_validator("calibration")
    @classmethod
    def _of_development(cls, source: SourceConfig | None) -> SourceConfig | None:
        return None if source is None else _with_split(source, "dev")


class Texts(Section):
    """Running text in many languages, for masked language modelling beside other tasks."""

    texts: SourceConfig = Field(description="running text")
    languages: tuple[str, ...] = Field(min_length=1, description="codes")


class Recipe(Mixture):
    """What happens between the pretrained encoder and the target task."""

    intermediate: tuple[str | tuple[str, ...], ...] = Field(
        default=(),
        description="names of [intermediate.*] tables, trained on one after the other; a list of "
        "names within the list is trained on at once",
    )

    @property
    def chain(self) -> tuple[tuple[str, ...], ...]:
        """The stages, each with the tasks trained on at once."""
        return tuple((step,) if isinstance(step, str) else step for step in self.intermediate)

    @property
    def mixture(self) -> Mixture:
        """How steps are divided among tasks trained on at once."""
        return Mixture(**{name: getattr(self, name) for name in Mixture.model_fields})


class Analysis(Section):
    """How calibration is measured and compared."""

    bins: int = Field(
        default=15, ge=2, le=100_000, description="bins of the expected calibration error"
    )
    replicates: int = Field(
        default=2000,
        ge=100,
        description="bootstrap samples of premise clusters",
    )
    level: float = Field(default=0.95, gt=0.5, lt=1, description="of the confidence intervals")
    seed: int = Field(default=0, ge=0, le=_LARGEST_SEED, description="of the bootstrap")
    groups: dict[str, tuple[str, ...]] = Field(
        default_factory=dict,
        description="groups of languages; none: morphologically rich and others, by the table",
    )
    margin: float | None = Field(
        default=None,
        gt=0,
        description="smallest change of a metric that matters, as 0.02 for two points; differences "
        "then have a verdict: within, beyond or inconclusive",
    )

    @field_validator("replicates")
    @classmethod
    def _few_enough(cls, replicates: int) -> int:
        # Imported here: worker processes start faster without what analyses.
        from crosscal.calibration.estimation.resampling import MOST_REPLICATES

        if replicates > MOST_REPLICATES:
            raise ValueError(f"give 100 to {MOST_REPLICATES:,}")
        return replicates


class Recalibration(Section):
    """Which regimes of recalibration are compared, if any."""

    regimes: tuple[str, ...] = Field(
        default=(),
        description="of none, english, oracle, mixture, leave-one-out, predicted, unlabelled, "
        "few-shot, few-shot-pooled, few-shot-prior; empty: no comparison",
    )
    recalibrators: tuple[str, ...] = Field(
        default=("temperature",), description="names; each is taken with every regime it can"
    )
    few_shot: tuple[int, ...] = Field(
        default=(0, 10, 30, 100, 300, 1000), description="numbers of examples of the language"
    )
    draws: int = Field(
        default=100, ge=10, le=100_000, description="of the examples, for each number"
    )
    folds: int = Field(
        default=5,
        ge=2,
        le=10_000,
        description="of the test clusters, where a target has no calibration examples",
    )


class Prediction(Section):
    """How trained models are made to predict."""

    dropout_samples: int = Field(
        default=0,
        ge=0,
        le=10_000,
        description="average so many predictions with dropout; 0: none has any",
    )
    dropout: float = Field(
        default=0.1, gt=0, lt=1, description="share dropped where dropout_samples is not 0"
    )
    ensemble: bool = Field(
        default=False,
        description="beside each recipe, analyse the ensemble of its seeds as one more",
    )


class Study(Section):
    """A study: everything that decides about its numbers."""

    name: str = Field(pattern=STUDY_NAME, description="names the results folder")
    question: str = Field(default="", description="what the study asks; shown in its report")
    paths: dict[str, str] = Field(
        default_factory=dict, description="folders, used as {name} in paths of sources"
    )
    tasks: tuple[str, ...] = Field(
        default=(), description="files (TOML) that describe tasks of one's own"
    )
    task: tuple[dict[str, Any], ...] = Field(
        default=(), description="[[task]] tables that describe tasks of this study alone"
    )
    seeds: tuple[int, ...] = Field(
        default=(1, 2, 3), min_length=1, max_length=1000, description="one run each"
    )
    encoder: EncoderSettings = EncoderSettings()
    targets: dict[Name, TargetTask] = Field(
        min_length=1, description="by a name of one's own; [target] is short for one alone"
    )
    mlm: Texts | None = None
    intermediate: dict[Name, IntermediateTask] = Field(default_factory=dict)
    recipes: dict[Name, Recipe] = Field(default_factory=lambda: {"direct": Recipe()}, min_length=1)
    training: TrainingSettings = TrainingSettings()
    prediction: Prediction = Prediction()
    analysis: Analysis = Analysis()
    recalibration: Recalibration = Recalibration()
    execution: Execution = Execution()
    cluster: Cluster = Cluster()
    ray: RayCluster = RayCluster()
    tracking: Tracking = Tracking()

    @model_validator(mode="before")
    @classmethod
    def _one_target(cls, content: Any) -> Any:
        if not isinstance(content, dict) or "target" not in content:
            return content
        if "targets" in content:
            raise ValueError("give [target] or [targets.*], not both")
        rest = {key: value for key, value in content.items() if key != "target"}
        return rest | {"targets": {ONE_TARGET: content["target"]}}

    @field_validator("name")
    @classmethod
    def _not_of_the_store(cls, name: str) -> str:
        if name.lower() == STORE:
            raise ValueError("that is the name of the folder of artifacts; take another")
        return name

    @field_validator("seeds")
    @classmethod
    def _different(cls, seeds: tuple[int, ...]) -> tuple[int, ...]:
        if len(set(seeds)) < len(seeds) or min(seeds) < 0 or max(seeds) > _LARGEST_SEED:
            raise ValueError(f"seeds must be different, from 0 to {_LARGEST_SEED}")
        return seeds
