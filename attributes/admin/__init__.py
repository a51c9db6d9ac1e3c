"""Attributes, their options and their jobs in the admin, by the same operations as in the API."""

from attributes.admin.definitions import AttributeMetaAdmin
from attributes.admin.jobs import JobAdmin
from attributes.admin.option_sets import OptionSetAdmin

__all__ = ["AttributeMetaAdmin", "JobAdmin", "OptionSetAdmin"]
