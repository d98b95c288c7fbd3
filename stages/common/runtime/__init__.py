"""How a command starts, runs and ends."""
