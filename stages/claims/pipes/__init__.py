"""A viewer asks whether so many connections are needed."""
