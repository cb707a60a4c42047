# What libs/sk, libs/musl and libs/fdt share in a target build: where the fetched
# sources are, and how code that becomes part of a server is generated.

set(SKINK_SOURCES ${CMAKE_SOURCE_DIR}/out/sources CACHE PATH "unpacked library sources, made by build/fetch-sources")
if(NOT EXISTS ${SKINK_SOURCES}/musl/VERSION OR NOT EXISTS ${SKINK_SOURCES}/libfdt/libfdt.h)
  cmake_path(GET SKINK_SOURCES PARENT_PATH fetch_out)
  execute_process(COMMAND ${CMAKE_SOURCE_DIR}/build/fetch-sources --out ${fetch_out} COMMAND_ERROR_IS_FATAL ANY)
endif()

# Frame pointers for backtraces; no unwind tables (nobody unwinds); sections, so that only what is used is linked;
# atomics as instructions, not as calls that ask a C library which CPU this is.
set(SKINK_TARGET_CODE -fno-pie -fno-omit-frame-pointer -fno-asynchronous-unwind-tables -fno-stack-protector
    -ffunction-sections -fdata-sections)
if(SKINK_TARGET STREQUAL aarch64)
  list(APPEND SKINK_TARGET_CODE -mno-outline-atomics)
endif()
