# Coverage: a fourth configuration of the tree, made by build/coverage: the host's tests of kernel/ and libs/, compiled
# as they are written (-O0) with counters, by GCC (lines, branches) or clang (MC/DC). No sanitizers: what they add to the
# code would be counted as its branches.
set(SKINK_COVERAGE "" CACHE STRING "the compiler's options for counters; empty: this is no such configuration")
if(SKINK_COVERAGE)
  separate_arguments(options UNIX_COMMAND "${SKINK_COVERAGE}")
  list(JOIN options " " options)
  # Behind all that targets ask for.
  set(CMAKE_C_COMPILE_OBJECT "<CMAKE_C_COMPILER> <DEFINES> <INCLUDES> <FLAGS> -O0 -fno-sanitize=all ${options} \
-o <OBJECT> -c <SOURCE>")
  set(CMAKE_C_LINK_EXECUTABLE "<CMAKE_C_COMPILER> <FLAGS> <CMAKE_C_LINK_FLAGS> <LINK_FLAGS> <OBJECTS> -o <TARGET> \
<LINK_LIBRARIES> -fno-sanitize=all ${options}")
endif()
