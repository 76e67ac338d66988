"""Kills everything at random while deadlines fall due, and counts what comes out: `make chaos`, and a short round in the tests."""
