"""Says which process it is, and what its manifest has."""

import json
import os
import time
from pathlib import Path

import inferd


class Model:
    def __init__(self, source):
        self.facts = {
            "pid": os.getpid(),
            "name": source.name,
            "options": source.options,
            "words": Path(source.files["words"]).read_text().strip(),
        }

    @inferd.generate(concurrency=1)
    def write(self, request):
        time.sleep(0.2)
        yield json.dumps(self.facts)
