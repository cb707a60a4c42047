# No FP in the kernel: guests' and servers' vector registers stay where they are.
# No LSE atomics: the floor is ARMv8.0.
set(SKINK_KERNEL_FLAGS -march=armv8-a -mgeneral-regs-only -mno-outline-atomics)
# Runs before the MMU does, when all memory is device memory.
set_source_files_properties(${CMAKE_CURRENT_SOURCE_DIR}/arch/aarch64/mmu.c PROPERTIES COMPILE_OPTIONS -mstrict-align)
# Each exit's and reply's run is straight to its end, not a jump to another's that ends alike.
set_source_files_properties(${CMAKE_CURRENT_SOURCE_DIR}/arch/aarch64/trap.c PROPERTIES COMPILE_OPTIONS -fno-crossjumping)
