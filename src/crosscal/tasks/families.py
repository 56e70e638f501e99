"""All families of tasks that are trained, by name."""

from __future__ import annotations

from crosscal.tasks.classification import CLASSIFICATION
from crosscal.tasks.family import Family
from crosscal.tasks.masked import MASKED
from crosscal.tasks.multiple_choice import MULTIPLE_CHOICE
from crosscal.tasks.span import SPAN
from crosscal.tasks.tagging import TAGGING

FAMILIES: dict[str, Family] = {
    family.name: family for family in (CLASSIFICATION, MULTIPLE_CHOICE, SPAN, TAGGING, MASKED)
}
