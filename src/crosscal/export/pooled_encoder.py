"""Encoders under a linear layer, for transformers' Auto classes.

transformers has no class for most encoders whose texts are the mean of their token vectors. These
are such classes: importing this file makes ``AutoModelForSequenceClassification`` and its kin, and
``pipeline``, know the model type ``pooled-encoder``. It needs torch and transformers, nothing else,
and lies in every exported folder that needs it.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import torch
from torch import Tensor, nn
from transformers import (
    AutoConfig,
    AutoModelForMultipleChoice,
    AutoModelForQuestionAnswering,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    PretrainedConfig,
    PreTrainedModel,
)
from transformers.modeling_outputs import (
    MultipleChoiceModelOutput,
    QuestionAnsweringModelOutput,
    SequenceClassifierOutput,
    TokenClassifierOutput,
)


class PooledEncoderConfig(PretrainedConfig):
    """An encoder's own configuration, and how its token vectors become one of the text.

    `pretrained_class` is where transformers has the encoder's class; `pooling` is "mean" (of all
    tokens that are not padding), "first" or "last".
    """

    model_type = "pooled-encoder"

    def __init__(
        self,
        pretrained: dict[str, Any] | None = None,
        pretrained_class: str = "",
        pooling: str = "mean",
        **settings: Any,
    ) -> None:
        self.pretrained = pretrained or {}
        self.pretrained_class = pretrained_class
        self.pooling = pooling
        super().__init__(**settings)


class PooledEncoder(PreTrainedModel):
    """The encoder and the linear layer; what is scored is for the classes below to say."""

    config_class = PooledEncoderConfig
    base_model_prefix = "pretrained"
    _supports_sdpa = True

    def __init__(self, config: PooledEncoderConfig) -> None:
        super().__init__(config)
        own = dict(config.pretrained)
        encoder: Any = AutoConfig.for_model(own.pop("model_type"), **own)
        module, _, name = config.pretrained_class.rpartition(".")
        if not module.startswith("transformers.models."):
            raise ValueError(f"{config.pretrained_class!r} is no class of an encoder")
        build = getattr(import_module(module), name)
        try:  # a pooling layer would have weights that nothing reads
            self.pretrained = build(encoder, add_pooling_layer=False)
        except TypeError:
            self.pretrained = build(encoder)
        self.classifier = nn.Linear(encoder.hidden_size, config.num_labels or 0)
        self.post_init()

    def _init_weights(self, module: nn.Module) -> None:
        """Leave new weights as torch drew them: an exported folder holds them all."""

    def get_input_embeddings(self) -> nn.Module:
        """Return the table of token vectors."""
        return self.pretrained.get_input_embeddings()

    def token_vectors(self, inputs: dict[str, Any]) -> Tensor:
        """Last hidden states, shape (N, L, width)."""
        known = ("input_ids", "attention_mask", "token_type_ids", "position_ids")
        given = {name: inputs[name] for name in known if inputs.get(name) is not None}
        return self.pretrained(**given)[0]

    def text_scores(self, inputs: dict[str, Any]) -> Tensor:
        """Scores of whole texts, shape (N, labels)."""
        hidden = self.token_vectors(inputs)
        if self.config.pooling == "first":
            return self.classifier(hidden[:, 0])
        mask = inputs.get("attention_mask")
        kept = torch.ones_like(hidden[..., :1]) if mask is None else mask[..., None].to(hidden)
        if self.config.pooling == "last":
            place = (kept * torch.arange(kept.shape[1], device=kept.device)[:, None]).argmax(1)
            return self.classifier(hidden.take_along_dim(place[..., None], 1)[:, 0])
        return self.classifier((hidden * kept).sum(1) / kept.sum(1))


class PooledEncoderForSequenceClassification(PooledEncoder):
    """A score for each label of a text or a pair."""

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        position_ids: Tensor | None = None,
        labels: Tensor | None = None,
        **_: Any,
    ) -> SequenceClassifierOutput:
        """Score texts of shape (N, L); with `labels` their loss too."""
        logits = self.text_scores(locals())
        loss = None if labels is None else nn.functional.cross_entropy(logits, labels)
        return SequenceClassifierOutput(loss=loss, logits=logits)


class PooledEncoderForMultipleChoice(PooledEncoder):
    """A score for each option of a question."""

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        position_ids: Tensor | None = None,
        labels: Tensor | None = None,
        **_: Any,
    ) -> MultipleChoiceModelOutput:
        """Score options of shape (N, options, L); with `labels` their loss too."""
        given = {"attention_mask": attention_mask, "token_type_ids": token_type_ids}
        flat = {name: x.flatten(0, 1) for name, x in given.items() if x is not None}
        scores = self.text_scores({"input_ids": input_ids.flatten(0, 1), **flat})
        logits = scores.view(input_ids.shape[:2])
        loss = None if labels is None else nn.functional.cross_entropy(logits, labels)
        return MultipleChoiceModelOutput(loss=loss, logits=logits)


class PooledEncoderForTokenClassification(PooledEncoder):
    """A score for each tag of a token."""

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        position_ids: Tensor | None = None,
        labels: Tensor | None = None,
        **_: Any,
    ) -> TokenClassifierOutput:
        """Score the tokens of texts of shape (N, L); with `labels` (-100: none) their loss too."""
        logits = self.classifier(self.token_vectors(locals()))
        loss = None
        if labels is not None:
            loss = nn.functional.cross_entropy(logits.flatten(0, 1), labels.flatten())
        return TokenClassifierOutput(loss=loss, logits=logits)


class PooledEncoderForQuestionAnswering(PooledEncoder):
    """A score for each token as the start of the answer, and one as its end."""

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        position_ids: Tensor | None = None,
        start_positions: Tensor | None = None,
        end_positions: Tensor | None = None,
        **_: Any,
    ) -> QuestionAnsweringModelOutput:
        """Score the tokens of texts of shape (N, L); with the right positions the loss too."""
        start, end = self.classifier(self.token_vectors(locals())).unbind(-1)
        loss = None
        if start_positions is not None and end_positions is not None:
            losses = nn.functional.cross_entropy
            loss = (losses(start, start_positions) + losses(end, end_positions)) / 2
        return QuestionAnsweringModelOutput(loss=loss, start_logits=start, end_logits=end)


AutoConfig.register("pooled-encoder", PooledEncoderConfig, exist_ok=True)
for auto, kind in (
    (AutoModelForSequenceClassification, PooledEncoderForSequenceClassification),
    (AutoModelForMultipleChoice, PooledEncoderForMultipleChoice),
    (AutoModelForTokenClassification, PooledEncoderForTokenClassification),
    (AutoModelForQuestionAnswering, PooledEncoderForQuestionAnswering),
):
    auto.register(PooledEncoderConfig, kind, exist_ok=True)
