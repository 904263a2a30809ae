# SPDX-License-Identifier: MIT
include_guard()

# Host and plugin carry a hash over the draft headers; where it differs a plugin does not load.
function(dais_draft_hash ret_hash)
    file(GLOB_RECURSE headers CONFIGURE_DEPENDS "${DAIS_SDK_INCLUDE}/dais/*.h")
    list(SORT headers)
    set(sums "")
    foreach(header IN LISTS headers)
        set_property(DIRECTORY "${PROJECT_SOURCE_DIR}" APPEND
            PROPERTY CMAKE_CONFIGURE_DEPENDS "${header}")
        file(SHA256 "${header}" sum)
        string(APPEND sums ${sum})
    endforeach()
    string(SHA256 hash "${sums}")
    string(SUBSTRING ${hash} 0 16 hash)
    set(${ret_hash} "0x${hash}ull" PARENT_SCOPE)
endfunction()

cmake_path(SET DAIS_SDK_INCLUDE NORMALIZE "${CMAKE_CURRENT_LIST_DIR}/../sdk/include")
set(DAIS_PLUGIN_SUPPORT "${CMAKE_CURRENT_LIST_DIR}")
dais_draft_hash(DAIS_DRAFT_HASH)

# The SDK's headers; whoever also links dais_draft knows the hash (the loader, and each plugin.c).
add_library(dais_sdk INTERFACE)
target_include_directories(dais_sdk INTERFACE "${DAIS_SDK_INCLUDE}")
add_library(dais_draft INTERFACE)
target_compile_definitions(dais_draft INTERFACE DAIS_DRAFT_HASH=${DAIS_DRAFT_HASH})

# The C array `dais_schema` from a folder of NNN_name.sql files; see DaisEmbedSql.cmake.
function(dais_embed_schema id dir ret_source)
    file(GLOB scripts CONFIGURE_DEPENDS "${dir}/*.sql")
    set(source "${CMAKE_CURRENT_BINARY_DIR}/${id}_schema.c")
    add_custom_command(OUTPUT "${source}"
        COMMAND "${CMAKE_COMMAND}" "-DDIR=${dir}" "-DOUTPUT=${source}"
                -P "${DAIS_PLUGIN_SUPPORT}/DaisEmbedSql.cmake"
        DEPENDS ${scripts} "${DAIS_PLUGIN_SUPPORT}/DaisEmbedSql.cmake"
        VERBATIM)
    set(${ret_source} "${source}" PARENT_SCOPE)
endfunction()

# dais_add_plugin(<id> SOURCES … [SCHEMA_DIR schema] [ASSETS_DIR dir] [LIBS <library>…])
#
# Builds <build>/plugins/<id>.so, which exports `dais_plugin` and nothing else, and the object library
# <id>_objs for the plugin's own tests. A schema folder becomes `dais_schema`, the rows that plugin.c
# names; an asset folder is copied to <build>/plugins/<id>/ beside the .so. DAIS_PLUGIN_OUTPUT names
# another folder than <build>/plugins.
function(dais_add_plugin id)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "SCHEMA_DIR;ASSETS_DIR" "SOURCES;LIBS")
    if(arg_SCHEMA_DIR)
        cmake_path(ABSOLUTE_PATH arg_SCHEMA_DIR)
        dais_embed_schema(${id} "${arg_SCHEMA_DIR}" schema)
        list(APPEND arg_SOURCES "${schema}")
    endif()
    set_property(SOURCE plugin.c APPEND
        PROPERTY COMPILE_DEFINITIONS DAIS_DRAFT_HASH=${DAIS_DRAFT_HASH})

    add_library(${id}_objs OBJECT ${arg_SOURCES})
    target_include_directories(${id}_objs PUBLIC "${CMAKE_CURRENT_SOURCE_DIR}")
    target_compile_options(${id}_objs PRIVATE
        $<$<C_COMPILER_ID:GNU>:-fno-gnu-unique>)
    target_link_libraries(${id}_objs PUBLIC dais_sdk ${arg_LIBS} PRIVATE dais_options)
    set_target_properties(${id}_objs PROPERTIES POSITION_INDEPENDENT_CODE ON)

    add_library(${id} MODULE)
    target_link_libraries(${id} PRIVATE ${id}_objs dais_options)
    target_link_options(${id} PRIVATE
        -Wl,-z,now,--exclude-libs,ALL,--build-id
        "-Wl,--version-script=${DAIS_PLUGIN_SUPPORT}/plugin.map")
    if(NOT (DAIS_SANITIZE AND CMAKE_C_COMPILER_ID STREQUAL "Clang"))
        target_link_options(${id} PRIVATE -Wl,-z,defs) # clang leaves its run time to the executable
    endif()
    if(NOT DAIS_PLUGIN_OUTPUT)
        set(DAIS_PLUGIN_OUTPUT "${PROJECT_BINARY_DIR}/plugins")
    endif()
    set_target_properties(${id} PROPERTIES
        PREFIX "" LINKER_LANGUAGE C
        LINK_DEPENDS "${DAIS_PLUGIN_SUPPORT}/plugin.map"
        LIBRARY_OUTPUT_DIRECTORY "${DAIS_PLUGIN_OUTPUT}")

    set_property(GLOBAL APPEND PROPERTY DAIS_PLUGINS ${id})

    if(arg_ASSETS_DIR)
        cmake_path(ABSOLUTE_PATH arg_ASSETS_DIR)
        add_custom_target(${id}_assets ALL
            COMMAND "${CMAKE_COMMAND}" -E copy_directory
                    "${arg_ASSETS_DIR}" "${DAIS_PLUGIN_OUTPUT}/${id}"
            VERBATIM)
        add_dependencies(${id} ${id}_assets)
    endif()
endfunction()
