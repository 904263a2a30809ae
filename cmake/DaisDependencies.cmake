# SPDX-License-Identifier: MIT
# The foreign libraries. A layer names those it owns in its own CMakeLists.txt, as PRIVATE links, so
# that their headers stay out of everybody else's reach.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

pkg_check_modules(H2O REQUIRED IMPORTED_TARGET libh2o)
pkg_check_modules(LIBUV REQUIRED IMPORTED_TARGET libuv)
pkg_check_modules(OPENSSL REQUIRED IMPORTED_TARGET openssl)
pkg_check_modules(LIBPQ REQUIRED IMPORTED_TARGET libpq)
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson)
pkg_check_modules(YAML REQUIRED IMPORTED_TARGET yaml-0.1)
pkg_check_modules(CURL REQUIRED IMPORTED_TARGET libcurl)
pkg_check_modules(JWT REQUIRED IMPORTED_TARGET libjwt)
pkg_check_modules(SODIUM REQUIRED IMPORTED_TARGET libsodium)

add_library(dais_h2o INTERFACE)
target_compile_definitions(dais_h2o INTERFACE H2O_USE_LIBUV=1)
target_link_libraries(dais_h2o INTERFACE PkgConfig::H2O PkgConfig::LIBUV PkgConfig::OPENSSL)

# Comes without a .pc file.
find_library(WSLAY wslay REQUIRED)
add_library(dais_wslay INTERFACE)
target_link_libraries(dais_wslay INTERFACE ${WSLAY})

# Called through two C symbols of its own linkage; no header of Boost is read.
find_library(BOOST_CONTEXT boost_context REQUIRED)
add_library(dais_boost_context INTERFACE)
target_link_libraries(dais_boost_context INTERFACE ${BOOST_CONTEXT})
