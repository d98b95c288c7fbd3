"""Networks of this run's own recipe, which several claims look at."""
