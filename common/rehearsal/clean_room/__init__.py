"""The clean room: runs a pushed kernel on this machine as Kaggle would run it on its own.

`runner.CleanRoom` is the runner of the stand-in; `walls` is what separates a kernel from this machine,
`limits` what stops it, `python` what it runs on, `inside/` what runs beside it in the room.
"""
