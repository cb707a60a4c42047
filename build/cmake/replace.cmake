# cmake -DFILE=… -DREPLACE=text -DBY=text -P replace.cmake: the text, which FILE holds once, becomes the other.
file(READ ${FILE} text)
string(FIND "${text}" "${REPLACE}" first)
string(FIND "${text}" "${REPLACE}" last REVERSE)
if(first EQUAL -1 OR NOT first EQUAL last)
  # Not an error of the build: the test will say that nothing was found.
  message(WARNING "${FILE} does not hold '${REPLACE}' once")
else()
  string(REPLACE "${REPLACE}" "${BY}" text "${text}")
  file(WRITE ${FILE} "${text}")
endif()
