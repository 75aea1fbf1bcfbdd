"""Says a prompt's words backwards: a function is a model."""

import inferd


@inferd.generate
def write(request):
    for word in reversed(request.prompt.split()):
        yield word + " "
