from collections.abc import Iterator

import inferd
from functions import count


@inferd.generate(concurrency=64)
def write(request: inferd.Request) -> Iterator[str]:
    return count(request.prompt)
