"""Hostile input for every parser and state machine of the media server.  ``targets`` says what is fed and what must hold."""
