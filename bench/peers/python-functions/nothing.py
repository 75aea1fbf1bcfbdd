import inferd
from functions import nothing


@inferd.generate(concurrency=64)
def write(request: inferd.Request) -> str:
    return nothing(request.prompt)
