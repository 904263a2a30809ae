# SPDX-License-Identifier: MIT
# cmake -DDIR=schema -DOUTPUT=x_schema.c -P DaisEmbedSql.cmake
#
# Each NNN_name.sql becomes one row of `dais_schema`, in the order of the numbers, which start at 1
# and leave no gap. The first line tells the kind: `-- expand` (the default: old code goes on working
# beside it) or `-- contract`.
file(GLOB scripts "${DIR}/*.sql")
list(SORT scripts COMPARE NATURAL)

set(rows "")
set(expected 1)
foreach(script IN LISTS scripts)
    get_filename_component(stem "${script}" NAME_WE)
    if(NOT stem MATCHES "^([0-9][0-9][0-9])_([a-z0-9_]+)$")
        message(FATAL_ERROR "${script}: a migration is named NNN_name.sql")
    endif()
    set(name "${CMAKE_MATCH_2}")
    math(EXPR version "1${CMAKE_MATCH_1} - 1000")
    if(NOT version EQUAL expected)
        message(FATAL_ERROR "${script}: number ${expected} was expected here")
    endif()
    math(EXPR expected "${expected} + 1")

    file(READ "${script}" sql)
    set(contract 0)
    if(sql MATCHES "^-- contract")
        set(contract 1)
    endif()
    # One C string a line: escaped, with its newline.
    string(REPLACE "\\" "\\\\" sql "${sql}")
    string(REPLACE "\"" "\\\"" sql "${sql}")
    string(REPLACE "\n" "\\n\"\n     \"" sql "${sql}")
    string(APPEND rows "    {${version}, ${contract}, \"${name}\",\n     \"${sql}\"},\n")
endforeach()

file(WRITE "${OUTPUT}"
"/* Generated from the schema folder. */
#include \"dais/db.h\"

extern const struct dais_migration dais_schema[];

const struct dais_migration dais_schema[] = {
${rows}    {0, 0, NULL, NULL},
};
")
