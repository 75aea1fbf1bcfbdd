"""Starts processes that outlive what they are for."""

import os
import subprocess
import sys
import threading
import time

import facts
import inferd


def note_child(pid):
    facts.note("children", pid)


child = subprocess.Popen(["sleep", "1000"])
note_child(child.pid)

forked = os.fork()
if forked == 0:
    time.sleep(1000)
    os._exit(0)
note_child(forked)

# One that leaves all descriptors open.
open_child = subprocess.Popen(["sleep", "1000"], close_fds=False)
note_child(open_child.pid)

# One that has left the group, as a daemon does. It keeps the output open, and nothing ends it.
daemon = subprocess.Popen(["sleep", "1000"], start_new_session=True)
facts.note("daemons", daemon.pid)

# A thread that never ends, and that is no daemon.
threading.Thread(target=time.sleep, args=[100_000]).start()


@inferd.generate
def write(request):
    print("parent", os.getpid(), file=sys.stderr)
    yield "on"
