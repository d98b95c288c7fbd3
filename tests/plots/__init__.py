"""The page of `dvc plots`: a template with all that it needs, so that it makes no request."""
