"""Threes and sevens: the course's MNIST_SAMPLE, graded on this machine."""
