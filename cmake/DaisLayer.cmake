# SPDX-License-Identifier: MIT
include_guard()

# dais_folder(<dir>): its CMakeLists.txt. What the build makes of it goes below obj/, so that bin/ and
# plugins/ of the build hold what is served and nothing else.
function(dais_folder dir)
    cmake_path(RELATIVE_PATH CMAKE_CURRENT_SOURCE_DIR BASE_DIRECTORY "${PROJECT_SOURCE_DIR}"
        OUTPUT_VARIABLE here)
    cmake_path(SET path NORMALIZE "${here}/${dir}")
    add_subdirectory(${dir} "${PROJECT_BINARY_DIR}/obj/${path}")
endfunction()

# dais_add_layer(<name> SOURCES … [USES <layer>…] [OWNS <library>…] [MAIN_STACK])
#
# The static library dais_<name> of core/<name>. USES are the layers below it; OWNS are the foreign
# libraries whose headers this layer alone includes. MAIN_STACK: its code never runs on a fiber, so
# that frames may be big.
function(dais_add_layer name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "MAIN_STACK" "" "SOURCES;USES;OWNS")
    list(TRANSFORM arg_USES PREPEND dais_)
    add_library(dais_${name} STATIC ${arg_SOURCES})
    target_include_directories(dais_${name} PUBLIC "${PROJECT_SOURCE_DIR}/core")
    target_link_libraries(dais_${name}
        PUBLIC dais_sdk ${arg_USES}
        PRIVATE dais_options ${arg_OWNS})
    if(arg_MAIN_STACK)
        target_compile_options(dais_${name} PRIVATE -Wno-frame-larger-than)
    endif()
    set_target_properties(dais_${name} PROPERTIES POSITION_INDEPENDENT_CODE ON)
endfunction()
