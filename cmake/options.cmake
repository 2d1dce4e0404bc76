# Build switches.  Sanitized builds are made by tests/run.sh in build folders of their own.
option(CBX_WERROR "treat warnings as errors" OFF)
set(CBX_SANITIZE "" CACHE STRING "sanitizers to build with, as -fsanitize= takes them (address,undefined or thread)")

add_library(cbx_flags INTERFACE)
target_compile_options(cbx_flags INTERFACE -Wall -Wextra)
if(CBX_WERROR)
  target_compile_options(cbx_flags INTERFACE -Werror)
endif()
if(CBX_SANITIZE)
  target_compile_options(cbx_flags INTERFACE -fsanitize=${CBX_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(cbx_flags INTERFACE -fsanitize=${CBX_SANITIZE})
endif()

find_program(CBX_CCACHE ccache)
if(CBX_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CBX_CCACHE})
endif()
