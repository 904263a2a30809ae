# SPDX-License-Identifier: MIT
# How every target of the tree is compiled: link `dais_options`. Nothing is set globally.

set(DAIS_SANITIZE "" CACHE STRING "Sanitizers: empty, address,undefined or thread")
option(DAIS_FUZZ "Build the fuzz targets with libFuzzer (clang)" OFF)
option(DAIS_COVERAGE "Instrument for gcov" OFF)
option(DAIS_TESTS "Build the tests" ON)

set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/lib")

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
    set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "Kind of build" FORCE)
endif()

find_program(DAIS_CCACHE ccache)
mark_as_advanced(DAIS_CCACHE)
if(DAIS_CCACHE AND NOT CMAKE_C_COMPILER_LAUNCHER)
    set(CMAKE_C_COMPILER_LAUNCHER "${DAIS_CCACHE}")
    set(CMAKE_CXX_COMPILER_LAUNCHER "${DAIS_CCACHE}")
endif()

# Warnings are errors: a tree without warnings is the only one in which a new one is seen.
add_library(dais_warnings INTERFACE)
target_compile_options(dais_warnings INTERFACE
    -Wall -Wextra -Werror -Wshadow -Wvla -Wundef -Wformat=2 -Wpointer-arith -Wwrite-strings
    -Wdouble-promotion -Wno-unused-parameter -Wno-missing-field-initializers
    $<$<C_COMPILER_ID:GNU>:-Wno-format-truncation> # snprintf is how texts are cut to length
    $<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition>)

add_library(dais_sanitizers INTERFACE)
if(DAIS_SANITIZE)
    target_compile_options(dais_sanitizers INTERFACE
        -fsanitize=${DAIS_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(dais_sanitizers INTERFACE -fsanitize=${DAIS_SANITIZE})
endif()
if(DAIS_FUZZ)
    target_compile_options(dais_sanitizers INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(DAIS_COVERAGE)
    target_compile_options(dais_sanitizers INTERFACE --coverage -fprofile-update=atomic)
    target_link_options(dais_sanitizers INTERFACE --coverage)
endif()

# Stacks of fibers are small: a big frame is refused here, and an overflow is made to hit the guard
# page instead of jumping over it. Sanitizers widen frames and bring checks of their own.
add_library(dais_hardening INTERFACE)
if(NOT DAIS_SANITIZE)
    target_compile_options(dais_hardening INTERFACE
        -fstack-protector-strong -fstack-clash-protection -Wframe-larger-than=10240
        $<$<CONFIG:Release>:-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2>)
endif()
target_link_options(dais_hardening INTERFACE -Wl,-z,relro,-z,now,-z,noexecstack)

add_library(dais_options INTERFACE)
target_compile_features(dais_options INTERFACE c_std_17)
target_compile_definitions(dais_options INTERFACE _GNU_SOURCE)
target_compile_options(dais_options INTERFACE -fvisibility=hidden -fno-common -pthread)
target_link_options(dais_options INTERFACE -pthread)
target_link_libraries(dais_options INTERFACE dais_warnings dais_sanitizers dais_hardening)
