import inferd
from functions import hold


@inferd.generate
def write(request: inferd.Request) -> str:
    return hold(request.prompt)
