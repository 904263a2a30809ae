# SPDX-License-Identifier: MIT
# cmake -DINPUT=docs_page.html -DOUTPUT=docs_page.c -P EmbedPage.cmake
file(READ "${INPUT}" bytes HEX)
string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
file(WRITE "${OUTPUT}"
"/* Generated from docs_page.html. */
#include \"host/docs_page.h\"

const unsigned char docs_page[] = {${bytes}};
const size_t docs_page_bytes = sizeof docs_page;
")
