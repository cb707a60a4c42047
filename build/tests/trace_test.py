#!/usr/bin/env python3
"""
`skink trace`: trace_test.py SKINK MANIFEST

A guest prints while its UART's server is killed. The trace shows both: each call goes to somebody and is answered, the
server starts again and the call that it had in service is delivered again; slices of a track lie in or behind each
other; text and JSON are of the same events. What is no whole trace is refused.
"""
import collections
import json
import os
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

SKINK = os.path.abspath(sys.argv[1])
MANIFEST = sys.argv[2]
# It prints on until the machine ends, and is slow at it, for 14 ms of computing a line: the monitor's commands come when the
# host has time, find it at work, and a trace's last 8,192 events of a core reach back to the kill for seconds of the host's.
GUEST = ("echo begin; i=0; while [ $((i += 1)) -le 100000 ]; do "
         "echo line $i; j=0; while [ $((j += 1)) -le 1000 ]; do :; done; done")
problems = []


def skink(*arguments):
    run = subprocess.run([SKINK, *arguments], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    print(" ".join(arguments)[:200], "->", run.returncode, run.stderr[-1000:])
    return run


def expect(what, fine):
    if not fine:
        problems.append(what)


def slices_nest(events):
    """On each track no slice reaches out of one that it began in."""
    tracks = collections.defaultdict(list)
    for event in events:
        if event["ph"] == "X":
            tracks[(event["pid"], event["tid"])].append((event["ts"], event["ts"] + event["dur"]))
    for track, slices in tracks.items():
        open_ends = []
        for begin, end in sorted(slices, key=lambda slice_: (slice_[0], -slice_[1])):
            while open_ends and open_ends[-1] <= begin + 1e-6:
                open_ends.pop()
            if open_ends and end > open_ends[-1] + 1e-6:
                return f"track {track}: {begin}..{end} reaches out of what ends at {open_ends[-1]}"
            open_ends.append(end)
    return None


def look_at_json(path):
    with open(path, encoding="utf-8") as file:
        events = json.load(file)
    kinds = collections.Counter(event["ph"] for event in events)
    names = {(event["pid"], event["tid"]): event["args"]["name"] for event in events if event.get("name") == "thread_name"}
    expect("each arrow has two ends", kinds["s"] == kinds["f"] > 100)
    expect("tracks of cores, servers and vCPUs", {"core 0", "sched", "console", "uart0", "linux/0"} <= set(names.values()))
    expect(slices_nest(events), slices_nest(events) is None)
    expect("no time goes backwards", all(event.get("dur", 0) >= 0 and event.get("ts", 0) >= 0 for event in events))
    by_name = collections.Counter((names.get((event["pid"], event["tid"])), event["name"])
                                  for event in events if event["ph"] == "X")
    expect("the UART's server serves the guest", by_name[("uart0", "vm_exit.mmio_write")] > 50)
    expect("the guest's exits are its own", by_name[("linux/0", "vm_exit.mmio_write")] > 50)
    expect("the guest has its core", by_name[("core 0", "linux/0")] > 50)
    expect("the server starts again", any(event["name"] == "start uart0" for event in events if event["ph"] == "i"))
    return kinds


def look_at_text(path):
    with open(path, encoding="utf-8") as file:
        lines = file.read().splitlines()
    times = []
    open_calls = collections.Counter()
    for line in lines:
        match = re.fullmatch(r" *(\d+\.\d{3}) us  core (\d)  (\w+) +(.*)", line)
        expect(f"a line is {line!r}", match)
        if not match:
            return
        times.append(float(match[1]))
        if match[3] == "call":
            open_calls[match[4].split(" -> ")[0]] = 1
        elif match[3] == "reply":
            open_calls[match[4].split(" <- ")[0]] = 0
    expect("in order of time", times == sorted(times))
    expect("all but one or two calls are answered", sum(open_calls.values()) <= 2)
    expect("methods have their names", any(" linux/0 -> uart0 vm_exit.mmio_write address=0x9000000" in line for line in lines))


def traces(root):
    log = os.path.join(root, "log")
    path = os.path.join(root, "trace.json")
    run = skink("trace", "--timeout", "60", "--from", "begin", "--when", "line 20", "--monitor", "kill uart0",
                "--when", "line 60", "--monitor", "crashes 1", "--until", "line 100", "--run", GUEST,
                "--append", "console=ttyAMA0 quiet", "--log", log, "--output", path, MANIFEST)
    expect("a trace is made", run.returncode == 0)
    if run.returncode != 0:
        return
    expect("the guest notices nothing", "line 20\nline 21\n" in run.stdout and "line 100\n" in run.stdout)
    with open(log, encoding="utf-8") as file:
        expect("the crash record has the core's last records", re.search(
            r"trace of core 0:\s+(\S.*\s+){1,15}\S.* call +monitor -> supervisor operator.server_kill server=", file.read()))
    look_at_json(path)
    text = os.path.join(root, "trace.txt")
    expect("its dump can be decoded", skink("trace", "--decode", log, "--output", text).returncode == 0)
    look_at_text(text)
    again = os.path.join(root, "again.json")
    skink("trace", "--decode", log, "-o", again)
    with open(path, encoding="utf-8") as one, open(again, encoding="utf-8") as other:
        expect("and is the same then", one.read() == other.read())
    pictures(root, log)
    refusals(root, log)


def pictures(root, log):
    path = os.path.join(root, "trace.svg")
    run = skink("trace", "--decode", log, "--around", "start     uart0", "--span", "40000", "-o", path)
    expect("a picture", run.returncode == 0)
    if run.returncode == 0:
        texts = [element.text for element in xml.etree.ElementTree.parse(path).iter() if element.tag.endswith("}text")]
        expect("rows and what starts there", {"core 0", "linux/0", "uart0", "start uart0"} <= set(texts))
    few = os.path.join(root, "few.txt")
    skink("trace", "--decode", log, "--around", "start     uart0", "--span", "20", "-o", few)
    with open(few, encoding="utf-8") as file:
        lines = file.read().splitlines()
    expect("only what is near", 1 < len(lines) < 60 and any("start     uart0" in line for line in lines) and
           float(lines[-1].split()[0]) <= 20)
    run = skink("trace", "--decode", log, "--around", "start     nonesuch", "-o", os.path.join(root, "none.json"))
    expect("nothing near", run.returncode == 2 and "no event" in run.stderr)


def refusals(root, log):
    with open(log, encoding="utf-8") as file:
        whole = file.read()
    begin, end = whole.index("trace begin"), whole.index("trace end")
    broken = {
        "nothing": "",
        "no trace": "trace\ntrace what\n\0trace begin\n",
        "no end": whole[:end],
        "a line is lost": re.sub(r"trace 0 [0-9a-f ]+\n", "", whole, count=1),
        "a core that there is not": re.sub(r"trace 0 ", "trace 77 ", whole, count=1),
        "no frequency": whole[:begin] + re.sub(r"trace begin (\d+) \d+", r"trace begin \1 0", whole[begin:]),
        "many cores": whole[:begin] + re.sub(r"trace begin \d+", "trace begin 4000000000", whole[begin:]),
    }
    for what, text in broken.items():
        path = os.path.join(root, "broken")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        run = skink("trace", "--decode", path, "-o", os.path.join(root, "none.json"))
        expect(f"{what}: refused", run.returncode == 2 and "no complete trace" in run.stderr)
    expect("without an end", skink("trace", MANIFEST).returncode == 2)
    expect("no such file", skink("trace", "--decode", os.path.join(root, "missing")).returncode == 2)
    expect("nothing is written then", not os.path.exists(os.path.join(root, "none.json")))


def main():
    with tempfile.TemporaryDirectory() as root:
        traces(root)
    for problem in problems:
        print("not so:", problem)
    return 1 if problems else 0


sys.exit(main())
