#!/usr/bin/env python3
"""skink bench with a QEMU that is not one, which prints what the test wants. bench_cli_test.py SKINK"""
import json
import os
import shutil
import sys
import tempfile
import unittest
import xml.etree.ElementTree

import fixture

SKINK = os.path.abspath(sys.argv.pop(1))
SOURCES = os.path.normpath(os.path.join(fixture.MANIFESTS, ".."))
KERNEL = os.path.join(os.path.dirname(os.path.dirname(SKINK)), "aarch64/kernel/skink-kernel")
GOOD = {"hvc_roundtrip": 300, "mmio_read_roundtrip": 300, "idreg_read": 300, "ipc_roundtrip": 300, "sgi_self": 900,
        "timer_lateness": 600, "ipi_roundtrip": 2000, "kernel_entries_per_exit": 2, "tlbi_per_exit": 0,
        "boot_to_guest": 1000, "console_character": 800, "restart_uart": 1000, "restart_device": 1000,
        "restart_sched_stall": 1000, "restart_vmm": 1000, "blk_read": 6000, "blk_notifications": 0.1,
        "blk_read_linux": 20000,
        "restart_console": 1000, "restart_monitor": 1000, "net_packet": 2000, "net_notifications": 0.1,
        "restart_uart_standby": 1000, "restart_device_standby": 1000, "restart_sched_standby": 1000,
        "restart_vmm_standby": 1000, "restart_virtio_net": 1000, "restart_netswitch": 1000, "restart_net_driver": 1000,
        "restart_virtio_console": 1000, "restart_virtio_blk": 1000,
        "restart_blk_driver": 1000, "restart_virtio_rng": 1000,
        "linux_boot_console": 300, "linux_boot_quiet": 300, "linux_loop": 300, "linux_getppid": 300, "linux_pipe": 300,
        "linux_fork": 300, "linux_pages": 300, "loss_blk": 60, "loss_net": 60, "trace_record": 12, "server_footprint_bytes": 4096}


class Case(unittest.TestCase):
    def setUp(self):
        root = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, root)
        self.folder = fixture.Folder(root, SKINK)
        for name in ("kernel", "servers", "libs"):
            os.symlink(os.path.join(SOURCES, name), os.path.join(root, name))
        for name in ("bench_ipc", "bench_echo", "bench_probe", "blk_driver", "fallback", "virtio_blk", "virtio_rng",
                     "net_driver", "netswitch", "virtio_net", "virtio_console"):
            self.folder.put("aarch64/images/" + name, fixture.SERVER)
        for name in ("bench.img", "linux", "initrd-reads", "initrd-work"):
            self.folder.put("guest/" + name, fixture.linux_image())
        os.symlink(KERNEL, self.folder.path("aarch64/kernel/skink-kernel"))

    def bench(self, figures, *arguments, text="vm linux off"):
        lines = "".join(f"bench {name} {value} {value} {value}\\n" for name, value in figures.items())
        script = f"#!/bin/sh\ncase \"$*\" in *native*) printf '{lines}'; exit; esac\nprintf '\\0360boot\\n\\0361{lines}\\036L[client] {lines}\\0360{text}\\nhalt\\n'\n"
        qemu = self.folder.put("qemu", script.encode())
        os.chmod(qemu, 0o755)
        return self.folder.run("bench", "--qemu", qemu, *arguments)


class Bench(Case):
    def rows(self, out):
        return {row["name"]: row for row in json.loads(out)}

    def test_table(self):
        code, out, err = self.bench({"hvc_roundtrip": 300})
        self.assertEqual(code, 1, err)
        self.assertRegex(out, r"(?m)^hvc_roundtrip +instructions +300 +300 +300 +350 +220 +ok ", err)
        self.assertRegex(out, r"(?m)^sgi_self +instructions +- +- +- +1500 +1000 +MISSED ")

    def test_json(self):
        _, out, err = self.bench(GOOD, "--json")
        rows = self.rows(out)
        self.assertEqual(rows["ipc_roundtrip"], {"name": "ipc_roundtrip", "unit": "instructions", "min": 300,
                                                 "median": 300, "max": 300, "target": 320, "exact": True,
                                                 "baseline": None, "bare": 300, "kvm": None}, err)
        self.assertEqual(self.rows(out)["linux_fork"]["bare"], 300)
        self.assertEqual(self.rows(out)["linux_fork_ratio"]["median"], 1)
        self.assertGreater(rows["kernel_sloc"]["median"], 1000)
        self.assertGreater(rows["kernel_text_bytes"]["median"], 10000)
        self.assertNotIn("mmio_write_roundtrip", rows)

    def test_statuses(self):
        self.assertEqual(self.bench(GOOD)[0], 0)
        self.assertEqual(self.bench(dict(GOOD, sgi_self=1501))[0], 1)

    def test_another_cpu_has_no_targets(self):
        code, out, err = self.bench(dict(GOOD, sgi_self=9999), "--cpu", "max", "--json")
        self.assertIsNone(self.rows(out)["sgi_self"]["target"], err)
        self.assertEqual(self.rows(out)["tlbi_per_exit"]["target"], 0)
        self.assertIn(code, (0, 1))

    def test_a_system_that_fails(self):
        code, out, err = self.bench(GOOD, text="vm linux failed no memory")
        self.assertEqual((code, out), (4, ""))
        self.assertIn("vm linux failed no memory", err)
        self.assertIn("bench.dts' ended with status 4", err)
        code, out, err = self.bench({})
        self.assertEqual((code, out), (1, ""))
        self.assertIn("0 figures", err)

    def test_what_is_missing_is_told(self):
        os.unlink(self.folder.path("aarch64/kernel/skink-kernel"))
        self.assertIn("kernel/skink-kernel' can't be read", self.bench(GOOD)[2])
        os.unlink(os.path.join(os.path.dirname(self.folder.root), "kernel"))
        self.assertIn("no sources above", self.bench(GOOD)[2])

    def baseline(self, text):
        return self.folder.put("baseline", text.encode())

    def test_baseline_is_written_and_held(self):
        path = self.folder.path("baseline")
        self.assertEqual(self.bench(GOOD, "--baseline", path, "--update")[0], 0)
        with open(path, encoding="utf-8") as file:
            lines = [line.split() for line in file if not line.startswith("#")]
        self.assertIn(["ipc_roundtrip", "300"], lines)
        self.assertIn(["tlbi_per_exit", "0"], lines)
        self.assertFalse({"blk_read", "kernel_sloc"} & {line[0] for line in lines})
        code, out, err = self.bench(GOOD, "--baseline", path, "--json")
        self.assertEqual((code, err), (0, ""))
        self.assertEqual(self.rows(out)["ipc_roundtrip"]["baseline"], 300)
        self.assertEqual(self.bench(dict(GOOD, ipc_roundtrip=306), "--baseline", path)[0], 0)

    def test_a_worse_figure_is_found(self):
        path = self.folder.path("baseline")
        self.bench(GOOD, "--baseline", path, "--update")
        code, _, err = self.bench(dict(GOOD, ipc_roundtrip=307), "--baseline", path)
        self.assertEqual(code, 1)
        self.assertIn("ipc_roundtrip is worse by 2.3 %: now 307, baseline 300 instructions", err)
        self.assertEqual(len(err.splitlines()), 1, err)
        self.assertEqual(self.bench(dict(GOOD, blk_read=7000, blk_read_linux=29000), "--baseline", path)[0], 0)
        code, _, err = self.bench(dict(GOOD, ipc_roundtrip=290), "--baseline", path)
        self.assertEqual(code, 0)
        self.assertIn("ipc_roundtrip is better: now 290, baseline 300 instructions, more by 3.4 %; --update", err)

    def test_baseline_of_some_parts(self):
        path = self.baseline("# a note\nipc_roundtrip 300\nsgi_self 1\n")
        code, out, err = self.bench({"ipc_roundtrip": 300, "server_footprint_bytes": 1}, "--only", "ipc", "--json",
                                    "--baseline", path)
        self.assertEqual((code, sorted(self.rows(out))), (1, ["ipc_roundtrip", "server_footprint_bytes"]))
        self.assertEqual(err, f"skink: server_footprint_bytes has no baseline: now 1 bytes; --update puts it into '{path}'\n")
        self.bench({"ipc_roundtrip": 290}, "--only", "ipc", "--baseline", path, "--update")
        with open(path, encoding="utf-8") as file:
            self.assertIn("ipc_roundtrip 290\nsgi_self 1\n", file.read())

    def test_a_bad_baseline(self):
        for text, message in (("ipc_roundtrip\n", ":1: 'ipc_roundtrip'; expected NAME MEDIAN"),
                              ("# a\nipc_roundtrip 1 2\n", ":2: 'ipc_roundtrip 1 2'; expected NAME MEDIAN"),
                              ("ipc_roundtrip -1\n", "expected NAME MEDIAN"),
                              ("xyz 1\n", "'xyz' is no figure with a baseline"),
                              ("blk_read 1\n", "'blk_read' is no figure with a baseline")):
            code, _, err = self.bench(GOOD, "--baseline", self.baseline(text))
            self.assertEqual(code, 2)
            self.assertIn(message, err)
        self.assertIn("can't be read", self.bench(GOOD, "--baseline", self.folder.path("none"))[2])
        self.assertIn("expected --baseline FILE --update", self.bench(GOOD, "--update")[2])
        self.assertIn("a baseline is of cortex-a53", self.bench(GOOD, "--baseline", "x", "--cpu", "max")[2])

    def test_plot(self):
        _, out, _ = self.bench(dict(GOOD, sgi_self=3000), "--json")
        figures = self.folder.put("figures.json", out.encode())
        picture = self.folder.path("figures.svg")
        code, _, err = self.folder.run("bench", "--figures", figures, "--plot", picture)
        self.assertEqual((code, err), (1, ""))  # sgi_self's target is missed
        root = xml.etree.ElementTree.parse(picture).getroot()
        ns = "{http://www.w3.org/2000/svg}"
        labels = [element.text for element in root.iter(ns + "text")]
        self.assertIn("3000 of 1500 instructions", labels)
        self.assertIn("sgi_self", labels)
        self.assertEqual([element.get("fill") for element in root.iter(ns + "rect")].count("#c84848"), 1)
        self.assertEqual(len(list(root.iter(ns + "circle"))), sum(row["target"] not in (None, 0) and row["bare"] is not None
                                                                  for row in json.loads(out)))

    def test_figures_of_a_file(self):
        _, out, _ = self.bench(GOOD, "--json")
        figures = self.folder.put("figures.json", out.encode())
        self.assertEqual(self.rows(self.folder.run("bench", "--figures", figures, "--json")[1]), self.rows(out))
        bad = self.folder.put("bad.json", b'[\n\t{"name": "xyz", "min": 1, "median": 1, "max": 1}\n]\n')
        code, _, err = self.folder.run("bench", "--figures", bad)
        self.assertEqual(code, 2)
        self.assertIn("bad.json:2: ", err)
        self.assertIn("expected a figure as `skink bench --json` writes them", err)

    def test_parts(self):
        self.assertEqual(self.bench({"ipc_roundtrip": 300}, "--only", "ipc,sizes")[0], 0)
        code, _, err = self.bench(GOOD, "--only", "ipc,all")
        self.assertEqual(code, 2)
        self.assertIn("--only has 'all'; expected some of sizes, exits, ipc, ", err)

    def test_arguments(self):
        code, _, err = self.bench(GOOD, "bench.dts")
        self.assertEqual(code, 2)
        self.assertIn("has systems of its own", err)
        self.assertIn("--peer is 'xen'; expected kvm", self.bench(GOOD, "--peer", "xen")[2])
        self.assertIn("--batch is no option of `skink bench`", self.bench(GOOD, "--batch")[2])
        code, out, _ = self.folder.run("bench", "--help")
        self.assertEqual(code, 0)
        self.assertIn("--json", out)


if __name__ == "__main__":
    unittest.main()
