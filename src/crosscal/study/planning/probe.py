"""How fast a study's encoder trains and predicts on this machine, by doing so for some seconds."""

from __future__ import annotations

import json
import math
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crosscal.artifacts import write_aside
from crosscal.exceptions import ArtifactError, DataError
from crosscal.study.execution.metering import hardware
from crosscal.study.execution.stages import EncoderStage, PrepareStage, TrainStage
from crosscal.study.planning.plan import Plan
from crosscal.tasks import EncodedDataset
from crosscal.training.settings import Mixture

if TYPE_CHECKING:
    from crosscal.encoders.vocabulary import Vocabulary
    from crosscal.training.model import Model

FILE = "speeds.json"
# Examples that are trained on and predicted; some of them for a first look.
_MANY, _FEW = 2000, 40
# Steps at the beginning of a training that are slower than the others.
_WARM_STEPS = 3
# The log of a training's steps.
_LOG = "log.jsonl"


@dataclass(frozen=True, kw_only=True)
class SpeedProbe:
    """A speed that was measured: operations of the encoder's layers a second.

    `tokens_per_second` is the same of the stage that was tried, for so many `seconds`.
    """

    hardware: str
    kind: str
    encoder: str
    layers: int | None
    precision: str
    threads: int
    operations_per_second: float
    tokens_per_second: float
    seconds: float

    def fits(self, stage: EncoderStage, precision: str) -> bool:
        """Whether the speed is that of a stage's encoder, precision and threads."""
        kind = "train" if isinstance(stage, TrainStage) else "predict"  # as embedding does
        return (self.kind, self.encoder, self.layers, self.precision, self.threads) == (
            kind,
            stage.encoder,
            stage.layers,
            precision,
            stage.threads,
        )

    def replaces(self, other: SpeedProbe) -> bool:
        """Whether both measured the same thing."""
        changing = ("operations_per_second", "tokens_per_second", "seconds")
        mine, others = asdict(self), asdict(other)
        return all(mine[name] == others[name] for name in mine if name not in changing)


def read_probes(output: Path, *, anywhere: bool) -> list[SpeedProbe]:
    """Probes kept in a folder of results: of this hardware, or `anywhere`; the newest is last."""
    path = output / FILE
    if not path.exists():
        return []
    try:
        probes = [SpeedProbe(**entry) for entry in json.loads(path.read_text(encoding="utf-8"))]
    except (OSError, ValueError, TypeError) as error:
        raise ArtifactError(
            "the speeds that were measured cannot be read",
            where=str(path),
            remedy="Remove the file and run `crosscal bench` again",
        ) from error
    return probes if anywhere else [each for each in probes if each.hardware == hardware()]


def write_probes(output: Path, new: Sequence[SpeedProbe]) -> None:
    """Keep probes in a folder of results; older ones of the same are replaced."""
    old = read_probes(output, anywhere=True)
    kept = [each for each in old if not any(probe.replaces(each) for probe in new)]
    content = json.dumps([asdict(each) for each in (*kept, *new)], indent=1)
    write_aside(output / FILE, content.encode())


def probe_study(
    plan: Plan, seconds: float, report: Callable[[str], None] = lambda title: None
) -> list[SpeedProbe]:
    """Train and predict for some seconds each, with every encoder and precision of a plan.

    Training examples of one task are enough, where a plan was made before all data were there.
    """
    probes: list[SpeedProbe] = []
    for stage, prepared in _distinct(plan):
        report(stage.title)
        with tempfile.TemporaryDirectory(prefix="crosscal-bench-") as folder:
            sample = partial(tokenised_sample, prepared, prepared.source.read().examples)
            probes += _probe(stage, sample, Path(folder), seconds)
    return probes


def _distinct(plan: Plan) -> Iterator[tuple[TrainStage, PrepareStage]]:
    """Yield the first training of each encoder and precision, and what prepares its examples."""
    by_node = {stage.node: stage for stage in plan.stages}
    seen: dict[tuple[Any, ...], bool] = {}  # whether it was yielded
    for stage in plan.stages:
        if isinstance(stage, TrainStage):
            what = (stage.encoder, stage.layers, stage.training.precision)
            prepared = by_node[stage.inputs[f"train:{stage.parts[0].name}"]]
            assert isinstance(prepared, PrepareStage)
            is_there = plan.datasets[prepared.source.field].is_there
            if is_there and not seen.get(what):
                yield stage, prepared
            seen[what] = is_there or seen.get(what, False)
    if not all(seen.values()):
        raise DataError(
            "no training examples are there to measure with",
            where=", ".join(sorted({field for field in plan.datasets if field.endswith("train")})),
            remedy="Put those of one task where the study says",
        )


def tokenised_sample(stage: PrepareStage, everything: Sequence[Any], count: int) -> EncodedDataset:
    """Tokenise about so many examples, of `_MANY` at most, from all over those of a source."""
    from crosscal.encoders.architectures import token_types
    from crosscal.encoders.loading import load_tokenizer
    from crosscal.tasks import FAMILIES, InputLimits

    # Fewer are some of the most: a model that knows the tokens of these knows those of all.
    most = everything[:: -(-len(everything) // _MANY)]
    examples = most[:: -(-len(most) // count)]
    limits = InputLimits(
        max_length=stage.max_length,
        token_types=token_types(stage.encoder_folder),
        causal=stage.causal,
    )
    tokenizer = load_tokenizer(stage.encoder_folder)
    return FAMILIES[stage.family].tokenise(tokenizer, examples, stage.labels, limits)


def _probe(
    stage: TrainStage, sample: Callable[[int], EncodedDataset], folder: Path, seconds: float
) -> tuple[SpeedProbe, SpeedProbe]:
    """Measure training and prediction with the model of a stage."""
    from crosscal.tasks import FAMILIES
    from crosscal.training.adapters import add_adapters
    from crosscal.training.freezing import freeze_layers
    from crosscal.training.stage import build_model, torch_session

    head, many, few = stage.parts[0], sample(_MANY), sample(_FEW)
    outputs = FAMILIES[head.family].outputs(head.labels)
    with torch_session(stage.threads):
        model, vocabulary = build_model(
            stage.model,
            None,
            [many.ids],
            {head.name: outputs},
            dropout=stage.training.dropout,
        )
        freeze_layers(model.encoder, stage.training.frozen_layers)
        add_adapters(model.encoder, stage.training, seed=0)
        bench = _Bench(stage, model, vocabulary, outputs, folder)
        trained = bench.training_rate(few, many, seconds)
        predicted = bench.prediction_rate(few, sample, seconds)
    operations = stage.operations_per_token()
    return (
        _record(stage, "train", stage.training.precision, trained, operations, seconds),
        _record(stage, "predict", "fp32", predicted, 2.0 * stage.layer_weights(), seconds),
    )


class _Bench:
    """Trains and predicts with one model; rates are tokens a second."""

    def __init__(
        self, stage: TrainStage, model: Model, vocabulary: Vocabulary, outputs: int, folder: Path
    ) -> None:
        self._stage, self._model, self._vocabulary = stage, model, vocabulary
        self._outputs, self._folder = outputs, folder

    def training_rate(self, few: EncodedDataset, many: EncodedDataset, seconds: float) -> float:
        """Train for a few steps, to see for how many to train."""
        one_step = self._stage.training.batch_tokens / len(many.ids)
        rate = self._train(many, few, _WARM_STEPS * one_step)
        return self._train(many, few, _WARM_STEPS * one_step + seconds * rate / len(many.ids))

    def _train(self, examples: EncodedDataset, few: EncodedDataset, epochs: float) -> float:
        from crosscal.training.loop import train
        from crosscal.training.mixing import TrainingTask

        name = self._stage.parts[0].name
        folder = self._folder / f"{epochs}"
        folder.mkdir()
        train(
            self._model,
            self._vocabulary,
            [TrainingTask(name=name, examples=examples, development=few, outputs=self._outputs)],
            self._stage.training.model_copy(update={"epochs": epochs, "evaluations": 1}),
            mixture=Mixture(),
            seed=0,
            folder=folder,
            checkpoint_seconds=math.inf,
        )
        lines = [json.loads(line) for line in (folder / _LOG).read_text().splitlines()]
        steps = [line for line in lines if "tokens" in line]
        # The first ones are slow. Losses are read for several steps at once on a GPU, whose time
        # is spread over them: those are all left out if there are others.
        steady = [line for line in steps if line["seconds"] != steps[0]["seconds"]][_WARM_STEPS:]
        counted = steady or steps
        return float(sum(s["tokens"] for s in counted) / sum(s["seconds"] for s in counted))

    def prediction_rate(
        self, few: EncodedDataset, sample: Callable[[int], EncodedDataset], seconds: float
    ) -> float:
        """Predict a few examples, to see how many to predict."""
        self._predict(few)
        rate = self._predict(few)
        count = seconds * rate / (len(few.ids) / len(few))
        return self._predict(sample(max(_FEW, min(_MANY, round(count)))))

    def _predict(self, examples: EncodedDataset) -> float:
        from crosscal.training.predicting import predict

        started = time.perf_counter()
        predict(
            self._model,
            self._vocabulary,
            examples,
            self._folder / "shards",
            head=self._stage.parts[0].name,
            outputs=self._outputs,
        )
        return len(examples.ids) / (time.perf_counter() - started)


def _record(
    stage: TrainStage, kind: str, precision: str, rate: float, operations: float, seconds: float
) -> SpeedProbe:
    return SpeedProbe(
        hardware=hardware(),
        kind=kind,
        encoder=stage.encoder,
        layers=stage.layers,
        precision=precision,
        threads=stage.threads,
        operations_per_second=rate * operations,
        tokens_per_second=round(rate, 1),
        seconds=seconds,
    )
