"""What every endpoint shares: JSON in, the envelope out, problems, paging, correlation."""
