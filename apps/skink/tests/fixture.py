"""An output folder as a build leaves it, with files that are only as right as the tool's checks want them."""
import os
import struct
import subprocess

MANIFESTS = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../manifest"))


def elf(segments, entry=0x400000, kind=2, machine=183):
    """ELF64 of AArch64; segments: (flags, address, data, memory_bytes)."""
    headers, body = b"", b""
    at = 64 + 56 * len(segments)
    for flags, address, data, memory in segments:
        at += (address - at) % 4096
        headers += struct.pack("<IIQQQQQQ", 1, flags, at, address, address, len(data), memory, 4096)
        body += b"\0" * (at - 64 - 56 * len(segments) - len(body)) + data
        at += len(data)
    ident = b"\x7fELF\x02\x01\x01" + b"\0" * 9
    header = ident + struct.pack("<HHIQQQIHHHHHH", kind, machine, 1, entry, 64, 0, 0, 64, 56, len(segments), 64, 0, 0)
    return header + headers + body


def linux_image(size=65536, image_size=1 << 20, offset=0):
    head = struct.pack("<IIQQQ", 0, 0, offset, image_size, 10) + b"\0" * 24 + b"ARM\x64" + b"\0" * 4
    return head + bytes(range(256)) * ((size - len(head)) // 256)


SUPERVISOR = elf([(5, 0x400000, b"text" * 1000, 4000), (6, 0x402010, b"data" * 10, 5000)])
SERVER = elf([(5, 0x400000, b"\1" * 5000, 5000)])
KERNEL = linux_image(9000, 0x5000)


class Folder:
    def __init__(self, root, skink):
        self.root, self.skink = os.path.join(root, "out"), skink
        os.symlink(MANIFESTS, os.path.join(root, "manifest"))  # where the default manifest is looked for
        self.put("aarch64/kernel/kernel.bin", KERNEL)
        self.put("aarch64/images/supervisor", SUPERVISOR)
        for name in ("sched", "console", "monitor", "vmm", "uart", "rtc", "fallback", "blk_driver", "virtio_blk", "net_driver",
                     "netswitch", "virtio_net", "virtio_rng", "rng_driver",
                     "virtio_console", "pci"):
            self.put("aarch64/images/" + name, SERVER)
        self.put("guest/linux", linux_image())
        self.put("guest/root.img", b"\0" * 4096)
        self.put("guest/initrd", b"070701 as good as an initrd" * 100)

    def path(self, name):
        return os.path.join(self.root, name)

    def put(self, name, data):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "wb") as file:
            file.write(data)
        return self.path(name)

    def run(self, command, *arguments, **options):
        """(exit status, standard output, standard error); text."""
        done = subprocess.run([self.skink, command, "--out", self.root, *arguments], capture_output=True,
                              timeout=60, stdin=options.pop("stdin", subprocess.DEVNULL), **options)
        return done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")


def manifest(name):
    return os.path.join(MANIFESTS, name)
