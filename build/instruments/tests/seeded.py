"""The kernel once more, with one of its files changed: what a test of an instrument has it find."""
import json
import os
import subprocess
import sys


def change(text, edits, path):
    for old, new in edits:
        if text.count(old) != 1:
            sys.exit(f"{path} has this {text.count(old)} times, not once; bring the test up to date:\n{old}")
        text = text.replace(old, new)
    return text


def expect(title, result, status, *texts):
    """Ends the test unless `result`, a command's (status, output), has this status and these texts."""
    missing = [text for text in texts if text not in result[1]]
    print(f"{'not ok' if missing or result[0] != status else 'ok'}: {title}", flush=True)
    if missing or result[0] != status:
        sys.exit(f"status {result[0]}, not {status}, or without {missing}:\n{result[1][-4000:]}")


def changed_kernel(root, build, source, edits, folder):
    """Compiles `source` (from the root) with the edits, links it with the rest. Returns the ELF file and the folder of
    the compiler's frames."""
    target = os.path.join(build, "aarch64")
    with open(os.path.join(target, "compile_commands.json"), encoding="utf-8") as file:
        commands = json.load(file)
    path = os.path.join(root, source)
    with open(path, encoding="utf-8") as file:
        text = change(file.read(), edits, path)
    mine = os.path.join(folder, os.path.basename(source))
    with open(mine, "w", encoding="utf-8") as file:
        file.write(text)
    marker = "CMakeFiles/skink-kernel.dir/"
    objects, frames, ok = [], os.path.join(folder, "frames"), False
    os.makedirs(frames)
    for entry in commands:
        words = entry["command"].split()
        output = words[words.index("-o") + 1]
        if marker not in output:
            continue
        theirs = os.path.join(entry["directory"], output)
        if not os.path.samefile(entry["file"], path):
            objects.append(theirs)
            usage = os.path.splitext(theirs)[0] + ".su"
            if os.path.exists(usage):
                os.symlink(usage, os.path.join(frames, f"{len(objects)}.su"))
            continue
        ok = True
        objects.append(os.path.join(frames, "changed.o"))
        words = [mine if word == entry["file"] else word for word in words if word != "-Werror"]
        words[words.index("-o") + 1] = objects[-1]
        subprocess.run([*words, "-I", os.path.dirname(path)], cwd=entry["directory"], check=True)
    if not ok:
        sys.exit(f"{source} is not compiled into the kernel of {build}")
    kernel = os.path.join(folder, "kernel")
    subprocess.run(["aarch64-linux-gnu-gcc", "-nostdlib", "-static", "-no-pie", "-Wl,--build-id=none", "-Wl,-T",
                    os.path.join(target, "kernel/kernel.ld"), "-Wl,-z,max-page-size=4096", "-o", kernel, *objects],
                   check=True)
    return kernel, frames
