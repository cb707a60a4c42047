"""The longest ways through the kernel that are seen while manifest/bench.dts runs: QEMU counts instructions, makes one
at a time and names each of the kernel's; what is counted goes from an exception's vector to its return, or from one
look for interrupts to the next."""
import os
import re
import subprocess
import tempfile
import threading

from image import fail

LINE = re.compile(r"Trace \d+: \S+ \[\w+/([0-9a-f]+)/(\w+)/")
MARK = "ok 4 -" # the fourth figure of the bench is there: exits, accesses, system registers, calls


class Seen:
    """`straight`: the longest way without functions of the general way, and the functions on it; `between`: the longest
    from one look to the next."""

    def __init__(self):
        self.runs, self.straight, self.between = 0, (0, ()), (0, ())


def watch(stream, image, vectors, beyond, looks, seen, stop):
    flags, run, looked = None, None, 0
    for line in stream:
        match = LINE.match(line)
        if not match:
            continue
        at = int(match.group(1), 16)
        if flags is None and at in vectors:
            flags = match.group(2) # EL2's: no guest runs yet
        if match.group(2) != flags or at not in image.code:
            continue
        if at in vectors:
            run, looked = [], 0
        if run is None:
            continue
        run.append(at)
        if (at in looks or image.code[at].name == "eret") and len(run) - looked > seen.between[0]:
            names = [image.functions[place] for place in run[looked:] if place in image.functions]
            seen.between = (len(run) - looked, names)
        if at in looks:
            looked = len(run)
        if image.code[at].name == "eret":
            names = {image.functions[place] for place in run if place in image.functions}
            seen.runs += 1
            if not any(name.split(".")[0] in beyond for name in names):
                seen.straight = max(seen.straight, (len(run), tuple(sorted(names))))
            run = None
        if stop.is_set():
            return


def observe(options, image, vectors, beyond, looks):
    build, seen, stop = options.build, Seen(), threading.Event()
    with tempfile.TemporaryDirectory() as folder:
        packed, pipe = os.path.join(folder, "system.img"), os.path.join(folder, "log")
        console = os.path.join(folder, "console")
        images = os.path.join(build, options.arch, "images")
        bench = os.path.join(options.source, "manifest/bench.dts")
        done = subprocess.run([os.path.join(build, "bin/skink"), "pack", bench, "--out", build, "--images", images,
                               "--images", os.path.join(build, options.arch, "guest"), "--output", packed],
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            fail(f"skink pack failed:\n{done.stdout}{done.stderr}")
        os.mkfifo(pipe)
        text = sorted(image.code)
        command = ["qemu-system-aarch64", "-M", "virt,virtualization=on,gic-version=3", "-cpu", "cortex-a53", "-smp",
                   "1", "-m", "1024", "-display", "none", "-monitor", "none", "-serial", f"file:{console}", "-net",
                   "none", "-kernel", packed, "-icount", "shift=0,sleep=off", "-singlestep", "-d", "exec,nochain",
                   "-dfilter", f"0x{text[0]:x}..0x{text[-1]:x}", "-D", pipe]
        machine = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

        def read():
            with open(pipe, encoding="utf-8", errors="replace") as stream:
                watch(stream, image, vectors, beyond, looks, seen, stop)
        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        for _ in range(options.seconds * 10):
            reader.join(0.1)
            if machine.poll() is not None or not reader.is_alive():
                break
            if os.path.exists(console):
                with open(console, encoding="utf-8", errors="replace") as file:
                    if MARK in file.read():
                        break
        stop.set()
        machine.kill()
        machine.wait()
        reader.join(5)
    return seen
