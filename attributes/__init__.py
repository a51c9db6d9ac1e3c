"""What a deployer may define. Knows nothing of incidents: whatever carries values is a host."""
