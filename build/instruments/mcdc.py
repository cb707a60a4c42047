"""Modified condition/decision coverage, by clang 19: a condition counts when two runs of its decision were seen that
differ in that condition alone, of those that were evaluated, and in the result. GCC 12 and Debian 12's default clang
(14) can't count that; -fcoverage-mcdc came with clang 18."""
import glob
import json
import os
import shutil
import subprocess
import sys

TOOLS = ("clang-19", "llvm-profdata-19", "llvm-cov-19")
# -O1: tests compare what a refused call leaves byte by byte; at -O0 clang leaves anything between members of a struct.
COUNTING = "-fprofile-instr-generate -fcoverage-mapping -fcoverage-mcdc -O1 -Wno-error"


def tool(command, log):
    with open(log, "ab") as errors:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=errors, check=False)
    if done.returncode != 0:
        sys.exit(f"build/coverage: {command[0]} failed: see {log}")
    return done.stdout


def report(options, folder, pages, parts, measured, wanted):
    """Builds `parts` with clang's counters, runs their tests, and prints the table of files that `wanted` says."""
    missing = [name for name in TOOLS if not shutil.which(name)]
    if missing:
        print(f"\nMC/DC: not available: {', '.join(missing)} missing; "
              "install Debian's packages clang-19, llvm-19 and libclang-rt-19-dev")
        return
    profiles = os.path.join(folder, "profiles")
    measured(options, folder, "clang-19", COUNTING, parts,
             {"LLVM_PROFILE_FILE": os.path.join(profiles, "%m-%p.profraw")})
    log = os.path.join(folder, "log")
    merged = os.path.join(folder, "profile")
    tool(["llvm-profdata-19", "merge", "--sparse", "-o", merged, *glob.glob(os.path.join(profiles, "*.profraw"))], log)
    programs = [path for part in parts for path in glob.glob(os.path.join(folder, part, "**/*"), recursive=True)
                if os.path.isfile(path) and os.access(path, os.X_OK) and not path.endswith((".so", ".a"))]
    objects = [word for path in programs[1:] for word in ("-object", path)]
    common = [f"-instr-profile={merged}", programs[0], *objects]
    data = json.loads(tool(["llvm-cov-19", "export", "--summary-only", *common], log))
    found = {}
    for file in data["data"][0]["files"]:
        path = os.path.relpath(os.path.realpath(file["filename"]), os.path.realpath(options.source))
        if wanted(path):
            found[path] = file["summary"]["mcdc"]
    print(f"\n{'conditions of decisions (MC/DC)':<44}{'shown to decide':>16}")
    for group in parts:
        covered, count = 0, 0
        for path, sums in sorted(found.items()):
            if sums["count"] != 0 and path.startswith(group + "/"):
                print(f"{path:<44}{sums['covered']:>6} of {sums['count']:<6}{sums['percent']:>6.1f} %")
                covered, count = covered + sums["covered"], count + sums["count"]
        print(f"{'all of ' + group:<44}{covered:>6} of {count:<6}{100 * covered / count if count else 100:>6.1f} %")
    if not options.no_html:
        sources = [os.path.join(options.source, path) for path in found]
        tool(["llvm-cov-19", "show", "--format=html", "--show-mcdc", "--show-branches=count", f"--output-dir={pages}",
              *common, "-sources", *sources], log)
        print(f"[coverage] {os.path.join(pages, 'index.html')}", flush=True)
