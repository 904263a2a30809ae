# SPDX-License-Identifier: MIT
include_guard()

# dais_folder(<dir>): the folder's own CMakeLists.txt, once there is one. DAIS_WITHOUT lists folders to
# leave out: -DDAIS_WITHOUT="plugins/hls;tests/plugins".
set(DAIS_WITHOUT "" CACHE STRING "Folders to leave out")

function(dais_folder dir)
    cmake_path(RELATIVE_PATH CMAKE_CURRENT_SOURCE_DIR BASE_DIRECTORY "${PROJECT_SOURCE_DIR}"
        OUTPUT_VARIABLE here)
    cmake_path(SET path NORMALIZE "${here}/${dir}")
    if(path IN_LIST DAIS_WITHOUT)
        return()
    endif()
    if(EXISTS "${CMAKE_CURRENT_SOURCE_DIR}/${dir}/CMakeLists.txt")
        add_subdirectory(${dir} "${PROJECT_BINARY_DIR}/obj/${path}")
    endif()
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
