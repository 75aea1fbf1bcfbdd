raise ImportError("the wrong module")
