import inferd
from functions import sleep


@inferd.generate(concurrency=64)
def write(request: inferd.Request) -> str:
    return sleep(request.prompt)
