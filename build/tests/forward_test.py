#!/usr/bin/env python3
"""
A web server in a guest, reached from the host through a forwarded port, also when all that is between them is new.

  forward_test.py SKINK MANIFEST [OPTIONS OF skink run]
"""
import re
import socket
import subprocess
import sys
import threading
import time
import urllib.request

TEXT = "from the guest"
GUEST = ("udhcpc -i eth0 -n -q -t 20 -T 1 -s /skink/udhcpc >/dev/null 2>&1; mkdir /tmp/www; "
         f"echo {TEXT} >/tmp/www/index.html; httpd -h /tmp/www; echo kill them; sleep 2; echo ready; "
         "while ! [ -e /tmp/www/cgi-bin/done ]; do sleep 0.2; done")
# What ends the guest: a request for a program that it runs.
PROGRAM = ("mkdir -p /tmp/www/cgi-bin; printf '#!/bin/sh\\n: >/tmp/www/cgi-bin/done\\necho; echo ended\\n' "
           ">/tmp/www/cgi-bin/end; chmod 755 /tmp/www/cgi-bin/end; ")


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def fetch(port, path, seconds):
    """What is there, tried again and again: a connection is taken before the guest is up, and then closed."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}", timeout=10) as answer:
                return answer.read().decode().strip()
        except OSError:
            time.sleep(0.3)
    return None


def main():
    skink, manifest, *more = sys.argv[1:]
    port = free_port()
    command = [skink, "run", "--batch", "--timeout", "100", manifest, "--net", "user", "--forward", f"{port}:80",
               "--append", "console=ttyAMA0 quiet", "--run", PROGRAM + GUEST, "--when", "kill them\r",
               "--monitor", "kill vnet0", "--monitor", "kill switch0", "--monitor", "kill net0", *more]
    lines = []
    ready = threading.Event()
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as run:
        def read():
            for line in run.stdout:
                lines.append(line.decode(errors="replace").replace("\r", ""))
                if re.match("ready$", lines[-1]):
                    ready.set()
            ready.set()

        reader = threading.Thread(target=read)
        reader.start()
        ready.wait(90)
        got = [fetch(port, "", 20), fetch(port, "cgi-bin/end", 20)]
        status = run.wait()
        reader.join()
    killed = sum("killed by the operator" in line for line in lines)
    if got != [TEXT, "ended"] or status != 0 or killed != 3:
        print("".join(lines) + f"--- got {got}, status {status}, {killed} killed\n" + " ".join(command))
        return 1
    print("the guest's page reached the host")
    return 0


if __name__ == "__main__":
    sys.exit(main())
