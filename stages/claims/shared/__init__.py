"""What several claims use: the networks they look at, their words, their arrows."""
