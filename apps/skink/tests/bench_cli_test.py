#!/usr/bin/env python3
"""skink bench with a QEMU that is not one, which prints what the test wants. bench_cli_test.py SKINK"""
import json
import os
import shutil
import sys
import tempfile
import unittest

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
        "loss_blk": 60, "loss_net": 60, "trace_record": 12, "server_footprint_bytes": 4096}


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
        for name in ("bench.img", "linux", "initrd-reads"):
            self.folder.put("guest/" + name, fixture.linux_image())
        os.symlink(KERNEL, self.folder.path("aarch64/kernel/skink-kernel"))

    def bench(self, figures, *arguments, text="vm linux off"):
        lines = "".join(f"bench {name} {value} {value} {value}\\n" for name, value in figures.items())
        script = f"#!/bin/sh\nprintf '\\0360boot\\n\\0361{lines}\\036L[client] {lines}\\0360{text}\\nhalt\\n'\n"
        qemu = self.folder.put("qemu", script.encode())
        os.chmod(qemu, 0o755)
        return self.folder.run("bench", "--qemu", qemu, *arguments)


class Bench(Case):
    def rows(self, out):
        return {row["name"]: row for row in json.loads(out)}

    def test_table(self):
        code, out, err = self.bench({"hvc_roundtrip": 300})
        self.assertEqual(code, 1, err)
        self.assertRegex(out, r"(?m)^hvc_roundtrip +instructions +300 +300 +300 +350 +220 +ok ")
        self.assertRegex(out, r"(?m)^sgi_self +instructions +- +- +- +1500 +1000 +MISSED ")

    def test_json(self):
        _, out, err = self.bench(GOOD, "--json")
        rows = self.rows(out)
        self.assertEqual(rows["ipc_roundtrip"], {"name": "ipc_roundtrip", "unit": "instructions", "min": 300,
                                                 "median": 300, "max": 300, "target": 320}, err)
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

    def test_arguments(self):
        code, _, err = self.bench(GOOD, "bench.dts")
        self.assertEqual(code, 2)
        self.assertIn("has systems of its own", err)
        self.assertIn("--batch is no option of `skink bench`", self.bench(GOOD, "--batch")[2])
        code, out, _ = self.folder.run("bench", "--help")
        self.assertEqual(code, 0)
        self.assertIn("--json", out)


if __name__ == "__main__":
    unittest.main()
