"""From pixels up: what the course builds before it takes a ready network, one rung after another, for any small pictures.

means     the distance to the mean picture of each class
by_hand   a linear layer whose loss, gradient step and loop are written out
learned   the same by `nn.Linear`, an optimiser and a `Learner`, and with a hidden layer between
scratch   small convolutional networks, trained from nothing on pictures that are turned and shifted a little
settings  the profiles' settings, with the reason for each
"""
