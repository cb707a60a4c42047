#!/usr/bin/env python3
"""Does build/bounds find what is wrong? bounds_test.py SOURCES BUILD"""
import os
import subprocess
import sys
import tempfile

from seeded import change, changed_kernel, expect

ROOT, BUILD = map(os.path.abspath, sys.argv[1:3])
NOTES = os.path.join(ROOT, "build/instruments/bounds-aarch64.txt")
DRAIN = "void core_drain(struct core *core)\n{\n\tsync_answer(core);\n"
USE_ROOM = "\troom[core->index] = 0;\n\t(void)room[0];\n"
DRAINED = "\t\tcontext = next;\n\t}\n\tcore_drain_calls(core);\n}"


def bounds(*arguments):
    done = subprocess.run([os.path.join(ROOT, "build/bounds"), *arguments, "--build", BUILD], capture_output=True,
                          text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def with_kernel(source, *edits, what="stack"):
    with tempfile.TemporaryDirectory() as folder:
        kernel, frames = changed_kernel(ROOT, BUILD, source, edits, folder)
        return bounds(what, "--kernel", kernel, "--frames", frames)


def with_notes(*edits, what="stack"):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "notes.txt")
        with open(NOTES, encoding="utf-8") as notes, open(path, "w", encoding="utf-8") as file:
            file.write(change(notes.read(), edits, NOTES))
        return bounds(what, "--notes", path)


expect("the kernel as it is", bounds("stack"), 0, "recursion: none", "stack: at most")
expect("a function that calls itself",
       with_kernel("kernel/core.c", (DRAINED, DRAINED[:-1] + "\tif (core->calls != NULL) {\n\t\tcore_drain(core);\n"
                                     "\t\tcore->reschedule = true;\n\t}\n}")),
       1, "recursion: core_drain > core_drain")
expect("a circle over a call by pointer",
       with_kernel("kernel/core.c", ("static void sync_answer(struct core *core)\n{\n",
                                     "static void sync_answer(struct core *core)\n{\n\tif (core->reschedule) {\n"
                                     "\t\tcore_run_on(core->index, drain, core);\n\t\tcore->leaving = true;\n\t}\n"),
                   ("static uint32_t lock_word;\n", "static uint32_t lock_word;\nstatic void drain(void *core);\n")),
       1, "recursion: ", "core_run_on")
expect("a frame too large for the stack",
       with_kernel("kernel/core.c", (DRAIN, DRAIN + "\tvolatile uint8_t room[12000];\n" + USE_ROOM)),
       1, "the stack may need 25", "bytes, and a core has 12288")
expect("a frame of no fixed size",
       with_kernel("kernel/core.c", (DRAIN, DRAIN + "\tvolatile uint8_t room[core->index + 1u];\n" + USE_ROOM)),
       1, "core_drain sets its stack pointer")
expect("a call by pointer that no note knows",
       with_kernel("kernel/core.c", (DRAIN, DRAIN + "\tif (core->sync_function != drain) {\n"
                                     "\t\tcore->sync_function(core);\n\t}\n")),
       1, "core_drain has 1 calls by pointer")
expect("a note that leaves out a target", with_notes(("core_run_on 1: dispatch_here destroy_here", "core_run_on 1: "
                                                      "dispatch_here"), ("sync_answer 1: dispatch_here destroy_here",
                                                                         "sync_answer 1: dispatch_here")),
       1, "the address of destroy_here is a value")
expect("a note with a target that is none", with_notes((": clear_pages", ": plan_pick clear_pages")),
       1, "a note has plan_pick called by pointer")
expect("a note of no use", with_notes(("once dispatch_here:", "once plan_pick:")),
       1, "once plan_pick: the image has nothing that this is about", "recursion: ")
expect("a note without a reason", with_notes(("call_general 1: [system_calls] -- system calls by number",
                                              "call_general 1: [system_calls]")), 1, "a note without a reason")

BEFORE = "static inline void enter(struct core *core,"
SLOW = ("static __attribute__((noinline)) void slow(void)\n{\n"
        "\t__asm__ volatile(\".rept 2000\\n\\tnop\\n\\t.endr\");\n}\n")
ENTER = "\tbank_save(out);\n\tbank_load(in, to->arch_space.vttbr, pstate);\n\tfp_guard(core, from, to);\n"
expect("the ways of the kernel as it is", bounds("paths"), 0, "straight runs, from the vector to the return: at most")
expect("a straight run that is too long",
       with_kernel("kernel/arch/aarch64/trap.c", (BEFORE, SLOW + BEFORE), (ENTER, ENTER + "\tslow();\n"),
                   what="paths"), 1, "a straight run may take 2")
expect("a loop without a bound",
       with_kernel("kernel/arch/aarch64/trap.c", (ENTER, ENTER + "\tfor (uint64_t i = pstate; i != 0; i--) {\n"
                                                  "\t\t__asm__ volatile(\"nop\");\n\t}\n"), what="paths"),
       1, "without a bound")
LOOK = "\t} while (!arch_interrupt_pending());\n"
expect("pieces without a look between them",
       with_kernel("kernel/memory.c", (LOOK, LOOK.replace("!arch_interrupt_pending()", "thread->progress == 0")),
                   what="paths"), 1, "in_pieces has a loop", "without a bound")
expect("a piece that is too long",
       with_kernel("kernel/memory.c", ("\t\tstep(memory->base", "\t\tslow();\n\t\tstep(memory->base"),
                   ("/* Does `step`", SLOW + "/* Does `step`"), what="paths"),
       1, "a way from one look for interrupts to the next may take 3", "in_pieces")
expect("an account that is longer than its note says",
       with_notes(("core_do_commit_plan: 12000", "core_do_commit_plan: 3000"), what="paths"),
       1, "core_do_commit_plan may take 11")
expect("a bound of a loop that there is not",
       with_notes(("space.c `while (low < high) {`", "space.c `while (low > high) {`"), what="paths"),
       1, "space_route has a loop", "the image has nothing that this is about")
