# Models of protocols in Promela, searched exhaustively by Spin.
#
#   skink_model(NAME FILE [CLAIMS ltl …] [BREAKS break[=ltl] …] [LONG "SIZE=n … [ltl …]" …])
#
# Test model-NAME: no assertion fails in any state of FILE and nobody waits in a state that is no end; then each LTL
# formula of CLAIMS holds, with weak fairness; and no step of the model is one that is never taken. Test
# model-NAME-broken-BREAK, for each of BREAKS: with BREAK_<BREAK> defined there is an error, found by that formula, or
# without one by an assertion or a deadlock. Tests model-NAME-long-1 and up, labelled `long`: as model-NAME, with other
# sizes and formulas, one test for each string of LONG.
function(skink_model name file)
  if(SKINK_TARGET)
    return()
  endif()
  cmake_parse_arguments(PARSE_ARGV 2 M "" "" "CLAIMS;BREAKS;LONG")
  if(M_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "skink_model(${name}): '${M_UNPARSED_ARGUMENTS}' is no part of it")
  endif()
  find_package(Python3 REQUIRED COMPONENTS Interpreter)
  find_program(SKINK_SPIN spin REQUIRED)
  cmake_path(ABSOLUTE_PATH file)
  set(command ${Python3_EXECUTABLE} -B ${CMAKE_SOURCE_DIR}/build/tests/model_test.py --spin ${SKINK_SPIN}
    --cc ${CMAKE_C_COMPILER})
  add_test(NAME model-${name} COMMAND ${command} ${file} --claims ${M_CLAIMS})
  set_tests_properties(model-${name} PROPERTIES TIMEOUT 120 LABELS model)
  foreach(break IN LISTS M_BREAKS)
    string(REGEX MATCH "^([^=]+)=?(.*)$" all "${break}")
    set(claim ${CMAKE_MATCH_2})
    set(broken model-${name}-broken-${CMAKE_MATCH_1})
    add_test(NAME ${broken} COMMAND ${command} ${file} --broken ${CMAKE_MATCH_1} --claims ${claim})
    set_tests_properties(${broken} PROPERTIES TIMEOUT 120 LABELS model)
  endforeach()
  set(count 0)
  foreach(long IN LISTS M_LONG)
    math(EXPR count "${count} + 1")
    separate_arguments(claims UNIX_COMMAND "${long}")
    set(sizes ${claims})
    list(FILTER sizes INCLUDE REGEX "=")
    list(FILTER claims EXCLUDE REGEX "=")
    set(test model-${name}-long-${count})
    add_test(NAME ${test} COMMAND ${command} ${file} --define ${sizes} --claims ${claims})
    set_tests_properties(${test} PROPERTIES TIMEOUT 3600 LABELS "model;long")
  endforeach()
endfunction()
