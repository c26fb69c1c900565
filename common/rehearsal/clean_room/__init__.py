"""The clean room: runs a pushed kernel on this machine as Kaggle would run it on its own.

`runner.CleanRoom` is the runner of the stand-in; `sandbox` isolates a kernel from this machine,
`limits` stops it, `python` is what it runs on, `inside/` runs beside it in the sandbox.
"""
