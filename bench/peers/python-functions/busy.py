import inferd
from functions import busy


@inferd.generate(concurrency=64)
def write(request: inferd.Request) -> str:
    return busy(request.prompt)
