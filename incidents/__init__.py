"""What happened to a tenant, with the values of the attributes its deployer defined."""
