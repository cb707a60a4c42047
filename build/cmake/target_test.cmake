# Tests of whole systems: boots one in QEMU through `skink run --batch` and looks at what it prints.
#
#   add_target_test(NAME MANIFEST
#                   [ARGS --option value …]   further options of `skink run`, such as --run 'uname -a'
#                   [EXPECT regex …]          on the first VM's console, in this order
#                   [LOG regex …]             in the logs and the monitor's output (standard error), in this order
#                   [REJECT regex …]          nowhere
#                   [STATUS n]                exit status of `skink run`; default 0
#                   [SECONDS n]               of wall time, on a slow machine; default 120
#                   [LABELS label …])         beside `target`; `long`: only with build/test --long
#
# MANIFEST is a name in manifest/ or a path. A `;` in an argument is written \;. Regular expressions are Python's, and
# are searched for in the whole output, with ^ and $ at each line.
function(add_target_test name manifest)
  if(SKINK_TARGET)
    return()
  endif()
  cmake_parse_arguments(PARSE_ARGV 2 T "" "STATUS;SECONDS" "ARGS;EXPECT;LOG;REJECT;LABELS")
  if(T_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "add_target_test(${name}): '${T_UNPARSED_ARGUMENTS}' is no part of it")
  endif()
  if(NOT DEFINED T_STATUS)
    set(T_STATUS 0)
  endif()
  if(NOT T_SECONDS)
    set(T_SECONDS 120)
  endif()
  find_package(Python3 REQUIRED COMPONENTS Interpreter)
  set(text "MANIFEST ${CMAKE_SOURCE_DIR}/manifest/${manifest}\n")
  if(IS_ABSOLUTE "${manifest}")
    set(text "MANIFEST ${manifest}\n")
  endif()
  string(APPEND text "STATUS ${T_STATUS}\nSECONDS ${T_SECONDS}\n")
  foreach(kind ARGS EXPECT LOG REJECT)
    foreach(value IN LISTS T_${kind})
      string(REPLACE "\\;" ";" value "${value}")
      string(APPEND text "${kind} ${value}\n")
    endforeach()
  endforeach()
  set(file ${CMAKE_CURRENT_BINARY_DIR}/${name}.test)
  file(GENERATE OUTPUT ${file} CONTENT "${text}")
  add_test(NAME ${name} COMMAND ${Python3_EXECUTABLE} -B ${CMAKE_SOURCE_DIR}/build/tests/target_test.py
           $<TARGET_FILE:skink> ${file})
  math(EXPR limit "${T_SECONDS} + 30")
  # One at a time: the machine's clock is the host's, and what is judged by it should not wait for another machine.
  set_tests_properties(${name} PROPERTIES TIMEOUT ${limit} LABELS "target;${T_LABELS}" RUN_SERIAL ON)
endfunction()
