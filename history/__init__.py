"""What changed, who changed it and when: entries that nobody can alter afterwards."""
