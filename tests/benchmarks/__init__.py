"""What the service costs, beside the same SQL without it. README.md says how to read it."""
