"""The price of wrong labels."""
