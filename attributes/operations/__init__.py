"""Every change of a definition: one function, one transaction, one entry in the history."""
