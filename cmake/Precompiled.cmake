# Headers that most sources include, compiled once for each build folder. Off (the default), each file is compiled with
# what it includes itself and nothing else: the release, tsan and coverage presets and clang-tidy find what is missing.
option(LAMDA_PCH "Precompile the headers that most sources use" OFF)

set(LAMDA_PCH_HEADERS <algorithm> <array> <atomic> <charconv> <chrono> <condition_variable> <cstdint> <functional>
  <map> <memory> <mutex> <optional> <set> <span> <stdexcept> <stop_token> <string> <string_view> <thread>
  <unordered_map> <utility> <variant> <vector>)

if(LAMDA_PCH)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # -fpch-preprocess: names the precompiled header in what ccache reads, in place of all its text.
    # -Wno-…: GCC 12 forgets in a precompiled header where its library has these warnings off.
    target_compile_options(lamda_options INTERFACE -fpch-preprocess -Wno-array-bounds -Wno-restrict
      -Wno-stringop-overflow -Wno-stringop-overread)
  endif()
  file(WRITE ${CMAKE_BINARY_DIR}/precompiled.cpp "")
  add_library(lamda_pch OBJECT ${CMAKE_BINARY_DIR}/precompiled.cpp)
  target_link_libraries(lamda_pch PRIVATE lamda_options fmt::fmt)
  target_precompile_headers(lamda_pch PRIVATE ${LAMDA_PCH_HEADERS} <fmt/format.h>)
  if(LAMDA_TESTS)
    add_library(lamda_test_pch OBJECT ${CMAKE_BINARY_DIR}/precompiled.cpp)
    target_link_libraries(lamda_test_pch PRIVATE lamda_options fmt::fmt Catch2::Catch2)
    target_precompile_headers(lamda_test_pch PRIVATE ${LAMDA_PCH_HEADERS} <fmt/format.h> <catch2/catch.hpp>)
  endif()
endif()

# Has the sources of the target begin with the headers that are precompiled in FROM (lamda_pch or lamda_test_pch).
function(lamda_precompiled target from)
  if(LAMDA_PCH)
    target_precompile_headers(${target} REUSE_FROM ${from})
  endif()
endfunction()
