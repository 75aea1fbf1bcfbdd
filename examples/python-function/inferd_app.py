import inferd

from summary import Summary


class App:
    def __init__(self, source: inferd.Source):
        self.summary = Summary()

    @inferd.generate
    def generate(self, request: inferd.Request):
        if request.prompt.isspace():
            raise inferd.InvalidArgument("prompt", "has no sentence")
        for sentence in self.summary.sentences(request.prompt):
            yield sentence + "\n"
