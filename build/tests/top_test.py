#!/usr/bin/env python3
"""
`skink top` at a terminal: top_test.py SKINK MANIFEST

The table comes by itself, again and again; a key ends it, and the monitor and the guest's console are there.
"""
import sys

import pexpect

CTRL_A = "\x01"


def main():
    person = pexpect.spawn(sys.argv[1], ["top", sys.argv[2]], timeout=60, dimensions=(40, 100), encoding="utf-8",
                           codec_errors="replace")
    person.logfile_read = sys.stdout
    person.delaybeforesend = None
    for _ in range(2):
        person.expect(r"together \d+\.\d % of one core in 1\.\d+ s; any key ends this")
        person.expect(r"linux/0 +\d+\.\d % +\d+")
    person.send("q")
    person.expect("skink> ")
    person.send("vms\r")
    person.expect("linux +running")
    person.send(CTRL_A + "1")
    person.expect("# ")
    person.send("echo answer $((6 * 7))\r")
    person.expect("answer 42")
    person.send(CTRL_A + "x")
    person.expect(pexpect.EOF)
    person.close()
    return person.exitstatus


sys.exit(main())
