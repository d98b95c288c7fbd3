"""Hostile inputs: what every reader of this project does with bytes that nobody meant for it.

``targets.py`` says what is read, ``contract.py`` what must hold, and ``forms.py`` how to change an
input so that it still gets past the first check. ``python -m tests.fuzz --help`` runs them.
"""
