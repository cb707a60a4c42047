# The build's vocabulary. Every folder's CMakeLists.txt uses these and little else:
#
#   skink_library(NAME SOURCES … [INCLUDE dirs…] [LIBS …])
#       A static library, built in both configurations with our warnings.
#   skink_server(NAME SOURCES … [LIBS …])
#       Target only: a server process, linked with skink_server_runtime (libs/sk),
#       written to <build>/images/NAME. Nothing in the host configuration.
#   skink_host_test(NAME SOURCES … [LIBS …] [INCLUDE dirs…] [ARGS …])
#       Host only: a cmocka program, registered with CTest as NAME.
#   Headers generated from idl/*.idl: #include <sk/idl/FILE.h>, FILE_client.h, …; link `skink_idl`
#       (skink_library, skink_server and skink_host_test do). Fuzz, trace and other .c: ${SKINK_IDL_DIR}/sk/idl.
#
# SKINK_TARGET is the architecture in a target build and empty in the host's;
# SKINK_ARCH is the folder of architecture code to use: SKINK_TARGET, or mock.

set(SKINK_WARNINGS -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes
    -Wundef -Wpointer-arith -Wcast-align -Wwrite-strings -Werror)
set(CMAKE_C_STANDARD 11)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(SKINK_TARGET)
  set(SKINK_ARCH ${SKINK_TARGET})
else()
  set(SKINK_ARCH mock)
endif()
set(CMAKE_C_FLAGS_RELEASE "-O2 -g")
set(SKINK_IDL_DIR ${CMAKE_BINARY_DIR}/gen)

# Runs idlc over all interfaces at once (numbers must be unique across files).
function(skink_generate_idl)
  file(GLOB idl_files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/idl/*.idl)
  if(SKINK_IDLC)
    set(compiler ${SKINK_IDLC})
  else()
    set(compiler $<TARGET_FILE:idlc>)
  endif()
  set(stamp ${SKINK_IDL_DIR}/stamp)
  # All that it writes: what includes one of these is compiled again in the same run.
  set(written ${SKINK_IDL_DIR}/sk/idl/idl_fuzz.h ${SKINK_IDL_DIR}/sk/idl/idl_support.h)
  foreach(file IN LISTS idl_files)
    cmake_path(GET file STEM name)
    foreach(ending .h _client.h _exit.h _fuzz.c _kernel.h _mock.h _names.h _persistent.h _server.h _trace.c _trace.h)
      list(APPEND written ${SKINK_IDL_DIR}/sk/idl/${name}${ending})
    endforeach()
  endforeach()
  add_custom_command(OUTPUT ${stamp} BYPRODUCTS ${written}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${SKINK_IDL_DIR}/sk/idl
    COMMAND ${compiler} --out ${SKINK_IDL_DIR}/sk/idl ${idl_files}
    COMMAND ${CMAKE_COMMAND} -E touch ${stamp}
    DEPENDS ${idl_files} ${compiler} COMMENT "Generating stubs from idl/")
  add_custom_target(skink_idl_generated DEPENDS ${stamp})
  add_library(skink_idl INTERFACE)
  add_dependencies(skink_idl skink_idl_generated)
  target_include_directories(skink_idl INTERFACE ${SKINK_IDL_DIR}
    ${CMAKE_SOURCE_DIR}/libs/sk/include ${CMAKE_SOURCE_DIR}/libs/sk/arch/${SKINK_ARCH}/include
    ${CMAKE_SOURCE_DIR}/libs/ring/include)
endfunction()

function(skink_library name)
  cmake_parse_arguments(L "" "" "SOURCES;INCLUDE;LIBS" ${ARGN})
  add_library(${name} STATIC ${L_SOURCES})
  target_compile_options(${name} PRIVATE ${SKINK_WARNINGS})
  target_include_directories(${name} PUBLIC ${L_INCLUDE})
  target_link_libraries(${name} PUBLIC ${L_LIBS} skink_idl)
  add_dependencies(${name} skink_idl_generated)
  if(SKINK_TARGET)
    target_link_libraries(${name} PUBLIC skink_server_headers)
    set_target_properties(${name} PROPERTIES INTERPROCEDURAL_OPTIMIZATION ON)
  endif()
endfunction()

function(skink_server name)
  if(NOT SKINK_TARGET)
    return()
  endif()
  cmake_parse_arguments(S "" "" "SOURCES;INCLUDE;LIBS" ${ARGN})
  add_executable(${name}.server ${S_SOURCES})
  set_target_properties(${name}.server PROPERTIES OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/images)
  target_compile_options(${name}.server PRIVATE ${SKINK_WARNINGS})
  target_include_directories(${name}.server PRIVATE ${S_INCLUDE})
  target_link_libraries(${name}.server PRIVATE ${S_LIBS} skink_idl skink_server_runtime)
  add_dependencies(${name}.server skink_idl_generated)
  # The way of a message through a server crosses files: dispatch, the method, the device model.
  set_target_properties(${name}.server PROPERTIES INTERPROCEDURAL_OPTIMIZATION ON)
endfunction()

function(skink_host_test name)
  if(SKINK_TARGET)
    return()
  endif()
  cmake_parse_arguments(T "" "" "SOURCES;INCLUDE;LIBS;ARGS" ${ARGN})
  add_executable(${name} ${T_SOURCES})
  target_compile_options(${name} PRIVATE ${SKINK_WARNINGS})
  target_include_directories(${name} PRIVATE ${T_INCLUDE})
  target_link_libraries(${name} PRIVATE ${T_LIBS} skink_idl cmocka)
  add_dependencies(${name} skink_idl_generated)
  add_test(NAME ${name} COMMAND ${name} ${T_ARGS})
  set_tests_properties(${name} PROPERTIES TIMEOUT 120)
endfunction()

# The target configuration as a part of the host's: `ninja` builds both.
function(skink_target_build arch)
  include(ExternalProject)
  ExternalProject_Add(target-${arch}
    SOURCE_DIR ${CMAKE_SOURCE_DIR}
    BINARY_DIR ${CMAKE_BINARY_DIR}/${arch}
    CMAKE_ARGS -DCMAKE_TOOLCHAIN_FILE=${CMAKE_SOURCE_DIR}/build/cmake/${arch}.cmake
               -DSKINK_TARGET=${arch} -DSKINK_IDLC=$<TARGET_FILE:idlc> -DCMAKE_BUILD_TYPE=${CMAKE_BUILD_TYPE}
    DEPENDS idlc
    BUILD_BYPRODUCTS ${CMAKE_BINARY_DIR}/${arch}/guest/reads ${CMAKE_BINARY_DIR}/${arch}/guest/work
    BUILD_ALWAYS ON INSTALL_COMMAND "" TEST_COMMAND "" USES_TERMINAL_BUILD ON)
endfunction()
