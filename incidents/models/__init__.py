"""Incidents, their comments, and the codes a deployer lets them carry."""

from incidents.models.code import Code, Kind
from incidents.models.comment import Comment
from incidents.models.count import Count
from incidents.models.incident import Incident

__all__ = ["Code", "Comment", "Count", "Incident", "Kind"]
