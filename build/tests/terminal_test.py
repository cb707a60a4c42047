#!/usr/bin/env python3
"""Two VMs on one terminal, as a person uses them. terminal_test.py SKINK MANIFEST"""
import sys

import pexpect

CTRL_A = "\x01"
PROMPT = r"# "
SECONDS = 120


def main():
    skink, manifest = sys.argv[1:]
    person = pexpect.spawn(skink, ["run", manifest], timeout=SECONDS, encoding="utf-8", codec_errors="replace")
    person.logfile_read = sys.stdout
    person.delaybeforesend = None
    person.expect("Ctrl-A m: monitor, Ctrl-A x: leave")
    person.expect("a shell follows")
    person.expect(PROMPT)
    person.send("echo first $((6 * 7))\r")
    person.expect(r"\nfirst 42")
    person.expect(PROMPT)
    person.send(CTRL_A + "2")
    person.expect("uart1")
    person.send("\r")
    person.expect(PROMPT)
    person.send("echo second $((7 * 8))\r")
    person.expect(r"\nsecond 56")
    person.send(CTRL_A + "m")
    person.expect("monitor")
    person.send("\rvms\r")
    person.expect("linux +running")
    person.expect("second +running")
    person.send(CTRL_A + "x")
    person.expect(pexpect.EOF)
    person.close()
    print(f"\nexit status {person.exitstatus}, signal {person.signalstatus}")
    return 0 if person.exitstatus == 0 else 1


sys.exit(main())
