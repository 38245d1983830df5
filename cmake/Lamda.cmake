# lamda_library / lamda_executable / lamda_test: the only ways in which targets are made here.
# Each records who uses whom; tests/lint/layers.py reads the record and fails on an include that no edge allows.

include(Sanitized)
set_property(GLOBAL PROPERTY LAMDA_EDGES "")
find_program(CCACHE ccache)
if(CCACHE)
  # Two checkouts share what was compiled: paths below the checkout count as relative ones.
  # A precompiled header is hashed as a file of its own; the two kinds of sloppiness are what ccache asks for with it. By the
  # compiler's own list of dependencies and a cache of their hashes no source is preprocessed twice.
  set(CMAKE_CXX_COMPILER_LAUNCHER env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1
    CCACHE_SLOPPINESS=pch_defines,time_macros CCACHE_DEPEND=1 CCACHE_INODECACHE=1 ${CCACHE})
endif()

add_library(lamda_options INTERFACE)
target_compile_options(lamda_options INTERFACE
  -Wall -Wextra -Wpedantic -Werror -Wshadow -Wconversion -Wno-sign-conversion -Wnon-virtual-dtor -Wold-style-cast
  -fno-omit-frame-pointer -ffile-prefix-map=${CMAKE_SOURCE_DIR}/=
  # GCC 12 warns of `"text" + std::string` at -O2 (GCC bug 105651).
  $<$<AND:$<CONFIG:Release>,$<CXX_COMPILER_ID:GNU>>:-Wno-restrict>)
# What a fault in memory could be used for; a test reads it off the executables.
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
target_compile_options(lamda_options INTERFACE -fstack-protector-strong -fstack-clash-protection -fPIE)
target_compile_definitions(lamda_options INTERFACE _GLIBCXX_ASSERTIONS)
target_link_options(lamda_options INTERFACE -pie -Wl,-z,relro,-z,now,-z,noexecstack)
set(LAMDA_LINKER "" CACHE STRING "Linker, as for -fuse-ld=; empty: the compiler's own choice")
if(LAMDA_LINKER)
  target_link_options(lamda_options INTERFACE -fuse-ld=${LAMDA_LINKER})
endif()
if(NOT LAMDA_SANITIZE AND NOT LAMDA_FUZZ)
  target_compile_options(lamda_options INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
endif()
if(LAMDA_SANITIZE)
  target_compile_options(lamda_options INTERFACE -fsanitize=${LAMDA_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(lamda_options INTERFACE -fsanitize=${LAMDA_SANITIZE})
  # GCC's flow warnings are unreliable in instrumented code; the plain build has them on.
  target_compile_options(lamda_options INTERFACE -Wno-maybe-uninitialized -Wno-stringop-overflow -Wno-restrict -Wno-array-bounds)
endif()
if(LAMDA_FUZZ)
  target_compile_options(lamda_options INTERFACE -fsanitize=fuzzer-no-link,address)
  target_link_options(lamda_options INTERFACE -fsanitize=address)
endif()
if(LAMDA_COVERAGE)
  target_compile_options(lamda_options INTERFACE --coverage)
  target_link_options(lamda_options INTERFACE --coverage)
endif()
# Libraries are included as "core/ids.hpp", services and tools as "services/job-dispatcher/config.hpp".
target_include_directories(lamda_options INTERFACE ${CMAKE_SOURCE_DIR}/libs ${CMAKE_SOURCE_DIR})
target_compile_definitions(lamda_options INTERFACE LAMDA_VERSION="${PROJECT_VERSION}")
if(LAMDA_CRASH_POINTS)
  target_compile_definitions(lamda_options INTERFACE LAMDA_CRASH_POINTS=1)
endif()
target_link_libraries(lamda_options INTERFACE Threads::Threads)
include(Precompiled)

function(_lamda_record name folder uses)
  list(JOIN uses "," joined)
  set_property(GLOBAL APPEND PROPERTY LAMDA_EDGES "${name}|${folder}|${joined}")
endfunction()

# lamda_library(NAME core SOURCES a.cpp… [USES other…] [THIRD_PARTY target…] [TESTS a_test.cpp…] [TEST_USES lib…]
#   [TEST_THIRD_PARTY target…])
# NAME x gives target lamda_x, alias lamda::x. TESTS gives the Catch2 executable x_test.
function(lamda_library)
  cmake_parse_arguments(L "" "NAME" "SOURCES;USES;THIRD_PARTY;TESTS;TEST_USES;TEST_THIRD_PARTY" ${ARGN})
  set(target lamda_${L_NAME})
  add_library(${target} STATIC ${L_SOURCES})
  add_library(lamda::${L_NAME} ALIAS ${target})
  target_link_libraries(${target} PUBLIC lamda_options)
  foreach(use IN LISTS L_USES)
    target_link_libraries(${target} PUBLIC lamda::${use})
  endforeach()
  target_link_libraries(${target} PUBLIC ${L_THIRD_PARTY})
  lamda_precompiled(${target} lamda_pch)
  file(RELATIVE_PATH folder ${CMAKE_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR})
  _lamda_record(${L_NAME} ${folder} "${L_USES}")
  if(LAMDA_TESTS AND L_TESTS)
    lamda_test(UNIT NAME ${L_NAME}_test SOURCES ${L_TESTS} USES ${L_NAME} ${L_TEST_USES}
      THIRD_PARTY ${L_TEST_THIRD_PARTY})
  endif()
endfunction()

# lamda_executable(NAME lamda-x SOURCES … USES …)
function(lamda_executable)
  cmake_parse_arguments(L "" "NAME" "SOURCES;USES;THIRD_PARTY" ${ARGN})
  add_executable(${L_NAME} ${L_SOURCES})
  target_link_libraries(${L_NAME} PRIVATE lamda_options ${L_THIRD_PARTY})
  foreach(use IN LISTS L_USES)
    target_link_libraries(${L_NAME} PRIVATE lamda::${use})
  endforeach()
  lamda_precompiled(${L_NAME} lamda_pch)
  file(RELATIVE_PATH folder ${CMAKE_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR})
  _lamda_record(${L_NAME} ${folder} "${L_USES}")
endfunction()

# lamda_test(NAME x_test SOURCES … USES …): one Catch2 executable, one CTest entry. UNIT: the tests of one library, which
# the sanitizers run as well.
function(lamda_test)
  cmake_parse_arguments(L "UNIT" "NAME;TIMEOUT;COST" "SOURCES;USES;THIRD_PARTY;LABELS" ${ARGN})
  if(NOT L_TIMEOUT)
    set(L_TIMEOUT 1800)
  endif()
  add_executable(${L_NAME} ${L_SOURCES})
  target_link_libraries(${L_NAME} PRIVATE lamda_options Catch2::Catch2WithMain ${L_THIRD_PARTY})
  target_include_directories(${L_NAME} PRIVATE ${CMAKE_SOURCE_DIR}/tests)
  foreach(use IN LISTS L_USES)
    target_link_libraries(${L_NAME} PRIVATE lamda::${use})
  endforeach()
  lamda_precompiled(${L_NAME} lamda_test_pch)
  add_test(NAME ${L_NAME} COMMAND ${L_NAME})
  set_tests_properties(${L_NAME} PROPERTIES TIMEOUT ${L_TIMEOUT})
  if(L_COST)
    set_tests_properties(${L_NAME} PROPERTIES COST ${L_COST})
  endif()
  if(L_LABELS)
    set_tests_properties(${L_NAME} PROPERTIES LABELS "${L_LABELS}")
  endif()
  if(L_UNIT)
    lamda_sanitized(${L_NAME} ${L_NAME})
  else()
    lamda_sanitized_if_chosen(${L_NAME} ${L_NAME})
  endif()
endfunction()

# Writes build/layers.txt: one line "name|folder|used,used" for each target.
function(lamda_write_layers)
  get_property(edges GLOBAL PROPERTY LAMDA_EDGES)
  list(JOIN edges "\n" text)
  file(WRITE ${CMAKE_BINARY_DIR}/layers.txt "${text}\n")
endfunction()
