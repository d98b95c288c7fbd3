"""The book beside the pipeline: what the lectures claim, each claim measured."""
