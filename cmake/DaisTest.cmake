# SPDX-License-Identifier: MIT
include_guard()
if(DAIS_TESTS)
    enable_testing()
    find_library(CMOCKA cmocka REQUIRED)
endif()

set(DAIS_FUZZ_CORPUS "${PROJECT_SOURCE_DIR}/tests/fuzz/corpus")
set(DAIS_FUZZ_REPLAY "${PROJECT_SOURCE_DIR}/tests/fuzz/replay_main.c")

# What a sanitizer says is a failure, and nothing else decides how it says it.
set(DAIS_TEST_ENVIRONMENT
    "ASAN_OPTIONS=detect_stack_use_after_return=0:strict_string_checks=1:abort_on_error=0"
    "UBSAN_OPTIONS=print_stacktrace=1"
    "TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1"
    "LSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/tests/lib/lsan.supp:print_suppressions=0")

# dais_add_test(<name> SOURCES … [LIBS …] [LABELS …] [TIMEOUT seconds])
#
# One cmocka program, registered as the test <name>.
function(dais_add_test name)
    if(NOT DAIS_TESTS)
        return()
    endif()
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT" "SOURCES;LIBS;LABELS")
    if(NOT arg_TIMEOUT)
        set(arg_TIMEOUT 120)
    endif()
    if(DAIS_SANITIZE) # several times slower
        math(EXPR arg_TIMEOUT "2 * ${arg_TIMEOUT}")
    endif()
    add_executable(test_${name} ${arg_SOURCES})
    target_link_libraries(test_${name} PRIVATE ${arg_LIBS} dais_options ${CMOCKA})
    set_target_properties(test_${name} PROPERTIES
        RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests")
    add_test(NAME ${name} COMMAND test_${name})
    set_tests_properties(${name} PROPERTIES
        LABELS "unit;${arg_LABELS}" TIMEOUT ${arg_TIMEOUT}
        ENVIRONMENT "${DAIS_TEST_ENVIRONMENT}")
endfunction()

# dais_add_fuzz(<name> SOURCES … [LIBS …])
#
# SOURCES hold LLVMFuzzerTestOneInput. With DAIS_FUZZ it becomes the libFuzzer program fuzz_<name>;
# otherwise a program that replays tests/fuzz/corpus/<name>. Both are run over the corpus as a test.
function(dais_add_fuzz name)
    if(NOT DAIS_TESTS)
        return()
    endif()
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LIBS")
    add_executable(fuzz_${name} ${arg_SOURCES})
    target_link_libraries(fuzz_${name} PRIVATE ${arg_LIBS} dais_options)
    set_target_properties(fuzz_${name} PROPERTIES
        RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/fuzz")
    if(DAIS_FUZZ)
        target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
        set(replay -runs=0)
    else()
        target_sources(fuzz_${name} PRIVATE "${DAIS_FUZZ_REPLAY}")
        set(replay "")
    endif()
    add_test(NAME fuzz_${name} COMMAND fuzz_${name} ${replay} "${DAIS_FUZZ_CORPUS}/${name}")
    set_tests_properties(fuzz_${name} PROPERTIES
        LABELS "fuzz" TIMEOUT 240 ENVIRONMENT "${DAIS_TEST_ENVIRONMENT}")
endfunction()
