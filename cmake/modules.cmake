# cbx_module(NAME [PUBLIC dep...] [PRIVATE dep...]): lib/NAME/*.cpp as the static library cbx::NAME.
# A module without a .cpp yet is an interface library, so that its headers can be used.
function(cbx_module name)
  cmake_parse_arguments(ARG "" "" "PUBLIC;PRIVATE" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/lib/${name}/*.cpp)
  if(sources)
    add_library(cbx_${name} STATIC ${sources})
    target_include_directories(cbx_${name} PUBLIC ${PROJECT_SOURCE_DIR}/lib)
    target_link_libraries(cbx_${name} PUBLIC ${ARG_PUBLIC} PRIVATE cbx_flags ${ARG_PRIVATE})
  else()
    add_library(cbx_${name} INTERFACE)
    target_include_directories(cbx_${name} INTERFACE ${PROJECT_SOURCE_DIR}/lib)
    target_link_libraries(cbx_${name} INTERFACE ${ARG_PUBLIC})
  endif()
  add_library(cbx::${name} ALIAS cbx_${name})
endfunction()

# cbx_compile_fast(TARGET): what only calls the libraries is not optimised in sanitized builds, where compiling it (option
# parsers, test macros) would take most of the time.
function(cbx_compile_fast target)
  if(CBX_SANITIZE)
    target_compile_options(${target} PRIVATE -O0)
  endif()
endfunction()

# cbx_tool(NAME dep...): tools/NAME/*.cpp as the installed program NAME.
function(cbx_tool name)
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tools/${name}/*.cpp)
  if(NOT sources)
    return()
  endif()
  add_executable(${name} ${sources})
  target_compile_definitions(${name} PRIVATE CBX_VERSION="${PROJECT_VERSION}")
  target_link_libraries(${name} PRIVATE cbx_flags ${ARGN})
  cbx_compile_fast(${name})
  install(TARGETS ${name} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endfunction()
