"""The kinds of stages, one a file."""

from crosscal.study.execution.stages.collect import CollectStage
from crosscal.study.execution.stages.embed import EmbedStage
from crosscal.study.execution.stages.encoder import EncoderStage
from crosscal.study.execution.stages.predict import PredictStage
from crosscal.study.execution.stages.prepare import PrepareStage
from crosscal.study.execution.stages.search import SearchStage
from crosscal.study.execution.stages.stage import Node, Stage, TokenCounts, Workload
from crosscal.study.execution.stages.train import TrainStage
from crosscal.study.execution.stages.translate import TranslateStage

__all__ = [
    "CollectStage",
    "EmbedStage",
    "EncoderStage",
    "Node",
    "PredictStage",
    "PrepareStage",
    "SearchStage",
    "Stage",
    "TokenCounts",
    "TrainStage",
    "TranslateStage",
    "Workload",
]
