"""Masks of pictures: run lengths, soft masks of many sizes, PNG files of class numbers, objects."""

OBJECTS = ";"
"""Stands between the run lengths of the objects of one picture, where they are one cell of a frame."""
VOID = 255
"""The class number of pixels that count for nothing, in memory, whatever number files give them."""
ROWS, COLUMNS = "picture_rows", "picture_columns"
"""The columns of a frame that hold the sizes of its pictures in pixels."""
