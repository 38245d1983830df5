# Third-party packages, each as one imported target named after what it is for.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(nlohmann_json 3 REQUIRED)
find_package(CLI11 REQUIRED)
find_package(Boost 1.74 REQUIRED)
find_package(prometheus-cpp REQUIRED COMPONENTS core)
find_package(simdjson REQUIRED)

pkg_check_modules(curl REQUIRED IMPORTED_TARGET libcurl)
pkg_check_modules(secp256k1 REQUIRED IMPORTED_TARGET libsecp256k1)
pkg_check_modules(cryptopp REQUIRED IMPORTED_TARGET libcrypto++)
pkg_check_modules(utf8proc REQUIRED IMPORTED_TARGET libutf8proc)
pkg_check_modules(pqxx REQUIRED IMPORTED_TARGET libpqxx)
pkg_check_modules(libpq REQUIRED IMPORTED_TARGET libpq)
pkg_check_modules(libsystemd REQUIRED IMPORTED_TARGET libsystemd)
# The find_package file of libnats-dev fails: its pkg-config file is the one that works.
pkg_check_modules(nats REQUIRED IMPORTED_TARGET libnats)
# cpp-httplib is a compiled library here: without its own flags sizeof(httplib::Request) differs from it.
pkg_check_modules(httplib REQUIRED IMPORTED_TARGET cpp-httplib)
pkg_check_modules(zlib REQUIRED IMPORTED_TARGET zlib)

if(LAMDA_TESTS)
  find_package(Catch2 REQUIRED)
  include(Catch)
  find_package(rapidcheck CONFIG REQUIRED)
endif()
