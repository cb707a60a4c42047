# A text that stands once in a file becomes another: how bugs are put into sources whose finding is tested.
#
#   replace_once(FILE REPLACE BY variable)    the file's text, changed, into the variable
#   cmake -DFILE=… -DREPLACE=text -DBY=text -P replace.cmake    the file itself
function(replace_once file replace by variable)
  file(READ ${file} text)
  string(FIND "${text}" "${replace}" first)
  string(FIND "${text}" "${replace}" last REVERSE)
  if(first EQUAL -1 OR NOT first EQUAL last)
    # Not an error of the build: the test will say that nothing was found.
    message(WARNING "${file} does not hold '${replace}' once")
  else()
    string(REPLACE "${replace}" "${by}" text "${text}")
  endif()
  set(${variable} "${text}" PARENT_SCOPE)
endfunction()

if(CMAKE_SCRIPT_MODE_FILE STREQUAL CMAKE_CURRENT_LIST_FILE)
  replace_once(${FILE} "${REPLACE}" "${BY}" text)
  file(WRITE ${FILE} "${text}")
endif()
