"""What static analysers find in the kernel, and the record of what is left as it is (deviations.txt)."""
import json
import os
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor

from image import fail
from notes import logical_lines

DEVIATION = re.compile(r"(\S+) (\S+) -- (.+)$")
COMPILER = re.compile(r"(\S+?):(\d+):\d+: (?:warning|error): (.*) \[(?:CWE-\d+\] \[)?(?:-Wanalyzer-)?([^\]]+)\]$")
CPPCHECK = re.compile(r"(\S+?):(\d+): (\S+?): (.*)$")
TIDY = "-*,bugprone-*,-bugprone-easily-swappable-parameters,cert-*,misc-*,performance-*,clang-analyzer-*"
GCC_ONLY = ("-fno-tree-loop-distribute-patterns", "-fno-crossjumping")
INCLUDES = ("kernel/include", "kernel/arch/{arch}/include", "libs/sk/include", "libs/sk/arch/{arch}/include",
            "libs/ring/include")


class Finding:
    def __init__(self, check, path, line, text):
        self.check, self.path, self.line, self.text = check, path, line, text

    def __str__(self):
        return f"{self.path}:{self.line}: {self.check}: {self.text}"


def run(command, folder, good=(0,)):
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode not in good:
        fail(f"{' '.join(command[:3])} … ended with status {done.returncode}:\n{(done.stdout + done.stderr)[-3000:]}")
    return done.stdout + done.stderr


def commands(options):
    """How each of the kernel's C files is compiled for the target: (file, folder, words without -o and -Werror)."""
    path = os.path.join(options.build, options.arch, "compile_commands.json")
    if not os.path.exists(path):
        fail(f"there is no {path}: run build/compile")
    with open(path, encoding="utf-8") as file:
        entries = json.load(file)
    found = []
    for entry in entries:
        words = entry["command"].split()
        output = words.index("-o")
        if "CMakeFiles/skink-kernel.dir/" not in words[output + 1] or not entry["file"].endswith(".c"):
            continue
        words = [word for word in words[:output] + words[output + 2:] if word not in ("-Werror", "-fstack-usage")]
        name = os.path.relpath(entry["file"], options.built_from)
        mine = os.path.join(options.source, name)
        # Another tree than was built: its files, its headers.
        words = [os.path.join(options.source, os.path.relpath(word, options.built_from)) if word == entry["file"] else
                 "-I" + os.path.join(options.source, os.path.relpath(word[2:], options.built_from))
                 if word.startswith("-I" + options.built_from + "/") and not word.startswith("-I" + options.build + "/")
                 else word for word in words]
        found.append((mine, entry["directory"], words))
    return [one for one in found if not options.files or os.path.relpath(one[0], options.source) in options.files]


def in_parallel(options, work, items):
    with ThreadPoolExecutor(options.jobs) as pool:
        return [found for answer in pool.map(work, items) for found in answer]


def of_compiler(options, text, prefix):
    found = []
    for line in text.splitlines():
        match = COMPILER.match(line)
        if match:
            path = os.path.relpath(os.path.realpath(match.group(1)), os.path.realpath(options.source))
            found.append(Finding(f"{prefix}:{match.group(4)}", path, int(match.group(2)), match.group(3)))
    return found


def analyzer(options):
    """GCC's own analyser, and the warnings that no build asks for."""
    more = ["-fanalyzer", "-Wcast-qual", "-Wlogical-op", "-Wduplicated-cond", "-Wduplicated-branches", "-Wvla"]

    def work(one):
        return of_compiler(options, run([*one[2], *more, "-o", os.devnull], one[1]), "analyzer")
    return in_parallel(options, work, commands(options))


def tidy(options):
    def work(one):
        words = [word for word in one[2][1:one[2].index("-c")] if word not in GCC_ONLY]
        text = run(["clang-tidy", "--quiet", f"--checks={TIDY}", one[0], "--", *words,
                    f"--target={options.arch}-linux-gnu"], one[1], (0, 1))
        return of_compiler(options, text, "tidy")
    return in_parallel(options, work, commands(options))


def cppcheck(options):
    includes = [f"-I{os.path.join(options.source, path.format(arch=options.arch))}" for path in INCLUDES]
    includes.append(f"-I{os.path.join(options.build, options.arch, 'gen')}")
    files = [one[0] for one in commands(options)]
    text = run(["cppcheck", f"-j{options.jobs}", "--std=c11", "--platform=unix64", "--quiet", f"-D__{options.arch}__",
                "--enable=warning,performance,portability", "--addon=misra",
                "--template={file}:{line}: {id}: {message}",
                *includes, *files], options.source)
    found = []
    for line in text.splitlines():
        match = CPPCHECK.match(line)
        if match:
            path = os.path.relpath(os.path.realpath(match.group(1)), os.path.realpath(options.source))
            check = match.group(3)
            misra = check.startswith("misra-c2012-")
            if options.files and check == "misra-c2012-8.7":
                continue # it looks at who else uses a function: of all files
            found.append(Finding(f"misra:{check[12:]}" if misra else f"cppcheck:{check}", path, int(match.group(2)),
                                 "" if misra else match.group(4)))
    return found


# By tool: what finds it, how its checks begin, the Debian package.
TOOLS = {"analyzer": (analyzer, ("analyzer",), "gcc-aarch64-linux-gnu"),
         "tidy": (tidy, ("tidy",), "clang-tidy"),
         "cppcheck": (cppcheck, ("cppcheck", "misra"), "cppcheck")}


def read_deviations(path):
    deviations = []
    for number, line in logical_lines(path):
        match = DEVIATION.match(line)
        if not match:
            fail(f"{path}:{number}: expected CHECK PLACE -- why")
        deviations.append((f"{os.path.basename(path)}:{number}", match.group(1), match.group(2)))
    return deviations


def judge(findings, deviations, checks, whole):
    """Findings that no deviation is for, deviations that nothing was found for, and how many findings were left."""
    new, used, seen = [], set(), set()
    for one in findings:
        if str(one) in seen or "/gen/" in "/" + one.path or one.path.startswith(".."):
            continue # once is enough; what idlc writes is judged by what it was written from
        seen.add(str(one))
        left = [at for at, check, place in deviations if check == one.check and place in ("*", one.path)]
        used.update(left)
        if not left:
            new.append(one)
    useless = [f"{at}: {check} {place}: nothing is found there any more" for at, check, place in deviations
               if whole and check.split(":")[0] in checks and at not in used]
    return new, useless, len(seen) - len(new)
