# SPDX-License-Identifier: MIT
#
# For plugins that are built outside of this tree:
#
#   cmake_minimum_required(VERSION 3.25)
#   project(mine LANGUAGES C)
#   include("${DAIS_SDK}/DaisSdk.cmake")
#   dais_add_plugin(mine SOURCES plugin.c … SCHEMA_DIR schema)
#
# with -DDAIS_SDK=<this folder>, gives <build>/plugins/mine.so. dais_add_plugin() is the one that the
# server's own plugins use; what the tree builds with beside it (warnings as errors, sanitizers) is
# each author's choice.
include_guard()
list(APPEND CMAKE_MODULE_PATH "${CMAKE_CURRENT_LIST_DIR}/../cmake")

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
    set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "Kind of build" FORCE)
endif()

# Fibers have stacks of 64 KiB: an overflow has to hit the guard page, and no frame may be big.
add_library(dais_options INTERFACE)
target_compile_features(dais_options INTERFACE c_std_17)
target_compile_definitions(dais_options INTERFACE _GNU_SOURCE)
target_compile_options(dais_options INTERFACE
    -fvisibility=hidden -fno-common -pthread -Wall -Wframe-larger-than=10240
    -fstack-protector-strong -fstack-clash-protection)
target_link_options(dais_options INTERFACE -Wl,-z,relro,-z,now,-z,noexecstack)

include(DaisPlugin)
