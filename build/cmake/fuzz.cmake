# Fuzzing: a third configuration of the tree, <build>/fuzz, in which clang builds everything with libFuzzer's
# instrumentation and the address and undefined-behaviour sanitizers. Only harnesses and what they link are built there.
#
#   skink_fuzz(NAME SOURCES … [LIBS …] [INCLUDE dirs…] [RUNS n] [MAX_BYTES n] [SECONDS n] [HARNESS file])
#       The harness tests/fuzz/NAME_fuzz.c (libs/fuzz/include/fuzz/fuzz.h) over SOURCES and LIBS, with the corpus
#       tests/fuzz/NAME.corpus. Test NAME_fuzz: the corpus and RUNS (20000) inputs from a fixed seed, of at most
#       MAX_BYTES (512) bytes; test NAME_fuzz_long (label `long`): a minute, or SECONDS. HARNESS: another file, with
#       libFuzzer's own entry.
#   skink_fuzz_tree(NAME SOURCE)
#       For a harness that uses fuzz/tree.h: FUZZ_BASE is the name of devicetree SOURCE's blob.
#   skink_fuzz_finds(NAME WHAT FILE file REPLACE text BY text [RUNS n])
#       The same harness over a FILE (of SOURCES, or of a library) with a bug: REPLACE, which it holds once, is BY.
#       Test NAME_fuzz_finds_WHAT passes if the harness finds that within RUNS (100000) inputs. The corpus should have
#       one that does: build/tests/fuzz.py --finds WHAT --keep.
#   skink_fuzz_idl_finds(NAME WHAT FILE file REPLACE text BY text [RUNS n])
#       The same for idl_NAME, the harness of what idlc makes of idl/NAME.idl, with the bug in one of idlc's outputs.
#
# By hand: <build>/fuzz/bin/NAME_fuzz -help=1; build/tests/fuzz.py --help for growing a corpus.
set(SKINK_FUZZ OFF CACHE BOOL "this is the configuration of the fuzz harnesses")
find_program(SKINK_CLANG clang)
include(replace)

function(skink_fuzz name)
  if(SKINK_TARGET OR SKINK_COVERAGE)
    return()
  endif()
  cmake_parse_arguments(F "" "RUNS;MAX_BYTES;SECONDS;HARNESS" "SOURCES;INCLUDE;LIBS" ${ARGN})
  if(NOT F_RUNS)
    set(F_RUNS 20000)
  endif()
  if(NOT F_MAX_BYTES)
    set(F_MAX_BYTES 512)
  endif()
  if(NOT F_SECONDS)
    set(F_SECONDS 60)
  endif()
  if(F_HARNESS)
    list(APPEND F_LIBS skink_fuzz_no_hooks)
  else()
    set(F_HARNESS tests/fuzz/${name}_fuzz.c)
    list(APPEND F_LIBS skink_fuzz_harness)
  endif()
  set_property(GLOBAL PROPERTY SKINK_FUZZ_${name}_MAX_BYTES ${F_MAX_BYTES})
  if(SKINK_FUZZ)
    skink_fuzz_program(${name}_fuzz "${F_HARNESS};${F_SOURCES}" "${F_INCLUDE}" "${F_LIBS}")
    return()
  endif()
  skink_fuzz_test(${name}_fuzz ${name} ${F_MAX_BYTES} --runs ${F_RUNS})
  skink_fuzz_test(${name}_fuzz_long ${name} ${F_MAX_BYTES} --seconds ${F_SECONDS})
  set_tests_properties(${name}_fuzz_long PROPERTIES LABELS "fuzz;long")
endfunction()

function(skink_fuzz_tree name source)
  if(NOT SKINK_FUZZ)
    return()
  endif()
  find_program(SKINK_DTC dtc REQUIRED)
  cmake_path(ABSOLUTE_PATH source BASE_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR} NORMALIZE)
  set(blob ${CMAKE_CURRENT_BINARY_DIR}/${name}.dtb)
  add_custom_command(OUTPUT ${blob} COMMAND ${SKINK_DTC} -q -I dts -O dtb -o ${blob} ${source} DEPENDS ${source})
  target_sources(${name}_fuzz PRIVATE ${blob})
  target_compile_definitions(${name}_fuzz PRIVATE FUZZ_BASE="${blob}")
endfunction()

function(skink_fuzz_finds name what)
  if(SKINK_TARGET OR SKINK_COVERAGE)
    return()
  endif()
  cmake_parse_arguments(PARSE_ARGV 2 F "" "FILE;REPLACE;BY;RUNS" "")
  if(NOT F_RUNS)
    set(F_RUNS 100000)
  endif()
  set(program ${name}_fuzz_finds_${what})
  if(SKINK_FUZZ)
    cmake_path(ABSOLUTE_PATH F_FILE BASE_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR} NORMALIZE)
    cmake_path(GET F_FILE FILENAME base)
    cmake_path(GET F_FILE PARENT_PATH folder)
    set(mutant ${CMAKE_CURRENT_BINARY_DIR}/${program}/${base})
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${F_FILE})
    replace_once(${F_FILE} "${F_REPLACE}" "${F_BY}" text)
    file(CONFIGURE OUTPUT ${mutant} CONTENT "@text@" @ONLY)
    get_target_property(sources ${name}_fuzz SKINK_FUZZ_SOURCES)
    get_target_property(includes ${name}_fuzz SKINK_FUZZ_INCLUDE)
    get_target_property(libs ${name}_fuzz SKINK_FUZZ_LIBS)
    list(REMOVE_ITEM sources ${F_FILE})
    # Before the libraries: theirs of the same file is not taken any more.
    skink_fuzz_program(${program} "${mutant};${sources}" "${folder};${includes}" "${libs}")
    target_compile_options(${program} PRIVATE -w)
    return()
  endif()
  get_property(max_bytes GLOBAL PROPERTY SKINK_FUZZ_${name}_MAX_BYTES)
  skink_fuzz_test(${program} ${name} ${max_bytes} --finds ${what} --runs ${F_RUNS})
endfunction()

function(skink_fuzz_idl_finds name what)
  if(SKINK_TARGET OR SKINK_COVERAGE)
    return()
  endif()
  cmake_parse_arguments(PARSE_ARGV 2 F "" "FILE;REPLACE;BY;RUNS" "")
  if(NOT F_RUNS)
    set(F_RUNS 100000)
  endif()
  set(program idl_${name}_fuzz_finds_${what})
  if(SKINK_FUZZ)
    set(folder ${CMAKE_CURRENT_BINARY_DIR}/${program})
    add_custom_command(OUTPUT ${folder}/${name}_fuzz.c
      COMMAND ${CMAKE_COMMAND} -E rm -rf ${folder}
      COMMAND ${CMAKE_COMMAND} -E copy_directory ${SKINK_IDL_DIR}/sk/idl ${folder}
      COMMAND ${CMAKE_COMMAND} "-DFILE=${folder}/${F_FILE}" "-DREPLACE=${F_REPLACE}" "-DBY=${F_BY}"
              -P ${CMAKE_SOURCE_DIR}/build/cmake/replace.cmake
      DEPENDS ${SKINK_IDL_DIR}/stamp ${CMAKE_SOURCE_DIR}/build/cmake/replace.cmake VERBATIM)
    skink_fuzz_program(${program} ${folder}/${name}_fuzz.c "" skink_fuzz_no_hooks)
    target_compile_options(${program} PRIVATE -w)
    return()
  endif()
  get_property(max_bytes GLOBAL PROPERTY SKINK_FUZZ_idl_${name}_MAX_BYTES)
  skink_fuzz_test(${program} idl_${name} ${max_bytes} --finds ${what} --runs ${F_RUNS})
endfunction()

function(skink_fuzz_program program sources includes libs)
  list(TRANSFORM sources PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/ REGEX "^[^/]")
  list(TRANSFORM includes PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/ REGEX "^[^/]")
  add_executable(${program} ${sources})
  target_compile_options(${program} PRIVATE ${SKINK_WARNINGS})
  target_include_directories(${program} PRIVATE ${includes})
  target_link_libraries(${program} PRIVATE ${libs} skink_idl cmocka)
  target_link_options(${program} PRIVATE -fsanitize=fuzzer)
  add_dependencies(${program} skink_idl_generated)
  set_target_properties(${program} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin
    SKINK_FUZZ_SOURCES "${sources}" SKINK_FUZZ_INCLUDE "${includes}" SKINK_FUZZ_LIBS "${libs}")
  add_dependencies(skink_fuzz_all ${program})
endfunction()

function(skink_fuzz_test test name max_bytes)
  find_package(Python3 REQUIRED COMPONENTS Interpreter)
  string(REGEX REPLACE "_long$" "" program ${test})
  if(SKINK_CLANG)
    add_test(NAME ${test} COMMAND ${Python3_EXECUTABLE} -B ${CMAKE_SOURCE_DIR}/build/tests/fuzz.py ${ARGN}
             --max-bytes ${max_bytes} ${CMAKE_BINARY_DIR}/fuzz/bin/${program}
             ${CMAKE_CURRENT_SOURCE_DIR}/tests/fuzz/${name}.corpus)
  else()
    add_test(NAME ${test} COMMAND ${CMAKE_COMMAND} -E cat "clang is missing, and with it libFuzzer: run build/setup")
  endif()
  set_tests_properties(${test} PROPERTIES TIMEOUT 300 LABELS fuzz)
endfunction()

# The configuration as a part of the host's, as skink_target_build().
function(skink_fuzz_build)
  if(NOT SKINK_CLANG)
    message(WARNING "clang is missing: the tests that need it will fail. build/setup installs it.")
    return()
  endif()
  include(ExternalProject)
  ExternalProject_Add(fuzz
    SOURCE_DIR ${CMAKE_SOURCE_DIR}
    BINARY_DIR ${CMAKE_BINARY_DIR}/fuzz
    CMAKE_ARGS -DSKINK_FUZZ=ON -DCMAKE_C_COMPILER=${SKINK_CLANG} -DSKINK_IDLC=$<TARGET_FILE:idlc>
               -DCMAKE_BUILD_TYPE=Fuzz
    BUILD_COMMAND ${CMAKE_COMMAND} --build . --target skink_fuzz_all -- --quiet
    DEPENDS idlc
    BUILD_ALWAYS ON INSTALL_COMMAND "" TEST_COMMAND "" USES_TERMINAL_BUILD ON)
endfunction()

if(SKINK_FUZZ)
  set(CMAKE_C_FLAGS_FUZZ "-g -O1 -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined \
-fno-sanitize-recover=all -fsanitize-coverage=trace-loads,trace-stores")
  set(CMAKE_EXE_LINKER_FLAGS_FUZZ "-fsanitize=address,undefined")
  add_custom_target(skink_fuzz_all)
  # For code that is linked without libs/fuzz, which has what those call.
  add_library(skink_fuzz_no_hooks INTERFACE)
  target_compile_options(skink_fuzz_no_hooks INTERFACE -fno-sanitize-coverage=trace-loads,trace-stores)
endif()
