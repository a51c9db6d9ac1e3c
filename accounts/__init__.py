"""Who is asking: people and tokens, their tenant and roles, and the wall between tenants."""
