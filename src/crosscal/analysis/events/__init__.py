"""Structured predictions as events: something held true with a confidence, and whether it is.

Answers, entities, translations and options become a confidence, an outcome and a cluster each.
Everything that measures or mends calibration goes on from there, and knows no family.
"""

from crosscal.analysis.events.choices import above_chance
from crosscal.analysis.events.event import (
    Events,
    EventSettings,
    RawEvents,
    Recall,
    at_temperature,
)
from crosscal.analysis.events.fitting import fit_temperature
from crosscal.analysis.events.registry import EVENTS, TAKING, Temperature, event_names, events
from crosscal.analysis.events.span import answers_as_choices
from crosscal.analysis.events.summary import Calibration, summarise

__all__ = [
    "EVENTS",
    "TAKING",
    "Calibration",
    "EventSettings",
    "Events",
    "RawEvents",
    "Recall",
    "Temperature",
    "above_chance",
    "answers_as_choices",
    "at_temperature",
    "event_names",
    "events",
    "fit_temperature",
    "summarise",
]
