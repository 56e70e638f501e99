"""All families of tasks that are trained, by name."""

from __future__ import annotations

from crosscal.tasks.families.classification import CLASSIFICATION
from crosscal.tasks.families.family import Family
from crosscal.tasks.families.masked import MASKED
from crosscal.tasks.families.multiple_choice import MULTIPLE_CHOICE
from crosscal.tasks.families.span import SPAN
from crosscal.tasks.families.tagging import TAGGING

FAMILIES: dict[str, Family] = {
    family.name: family for family in (CLASSIFICATION, MULTIPLE_CHOICE, SPAN, TAGGING, MASKED)
}
