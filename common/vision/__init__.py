"""Pictures told apart: pretrained backbones, features, heads and fastai learners, for any competition of pictures.

A competition says what is to be told apart (a `Task`) and offers profiles made of the settings in `settings`;
`models` has the rest of its `model.py`.
"""
