"""Spaceship Titanic."""
