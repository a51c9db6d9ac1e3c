"""Every change of an incident, its values, its comments or a code: the only writers."""
