# The web page: share/web, and what share/web/vendor.txt names of its node_modules (share/web/install.sh fetches them),
# installed as one folder.  cbx-serve finds it from its own place, so that an installation may be moved as a whole.
set(web ${CMAKE_INSTALL_FULL_DATADIR}/cbx/web)
file(RELATIVE_PATH web_from_bin ${CMAKE_INSTALL_FULL_BINDIR} ${web})
target_compile_definitions(cbx-serve PRIVATE CBX_WEB_DIR="${web}" CBX_WEB_FROM_BIN="${web_from_bin}")
# In a build folder the page is the source's, so that what is edited is what is shown.
file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/share/cbx)
file(CREATE_LINK ${PROJECT_SOURCE_DIR}/share/web ${PROJECT_BINARY_DIR}/share/cbx/web SYMBOLIC)

install(DIRECTORY share/web/ DESTINATION ${CMAKE_INSTALL_DATADIR}/cbx/web
  PATTERN node_modules EXCLUDE PATTERN package.json EXCLUDE PATTERN package-lock.json EXCLUDE
  PATTERN install.sh EXCLUDE PATTERN vendor.txt EXCLUDE)
# Read when installing: the modules may have been fetched after configuring.
install(CODE "
  set(source \"${PROJECT_SOURCE_DIR}/share/web\")
  set(target \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_DATADIR}/cbx/web/vendor\")
  include(\"${PROJECT_SOURCE_DIR}/cmake/install_vendor.cmake\")")
