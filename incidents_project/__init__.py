"""The composition root: settings, routes, health, and what every app shares."""
