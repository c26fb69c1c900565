"""Digit Recognizer: handwritten digits, from pixels up."""
