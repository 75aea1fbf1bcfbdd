"""Serves a Python file to a worker of inferd: ``python run.py FILE``. The worker starts it by its path, so that the
package next to it is used, whatever else is installed. It must parse on any Python 3, to say which one it needs."""

import os
import sys


def main() -> int:
    if sys.version_info < (3, 10):
        message = "python %d.%d is too old: inferd needs Python 3.10 or newer" % sys.version_info[:2]
        import json

        head = json.dumps({"type": "failed", "message": message}).encode()
        os.write(4, len(head).to_bytes(4, "little") + bytes(4) + head)
        return 1
    from inferd.serving import serve

    # Modules next to the user's file are found as if it had been started itself.
    sys.path[0] = os.path.dirname(os.path.abspath(sys.argv[1]))
    return serve(sys.argv[1])


# A process that multiprocessing spawns imports this file too. It does not serve, and finds the package as this one did.
if __name__ == "__mp_main__":
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    import inferd  # noqa: F401

    del sys.path[0]
elif __name__ == "__main__":
    sys.exit(main())
