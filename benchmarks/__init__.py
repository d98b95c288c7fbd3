"""What the README claims, measured again by anyone; none of it is needed to run the pipeline."""
