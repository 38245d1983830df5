#include "tools/cli/output/table.hpp"

#include <catch2/catch.hpp>

using namespace lamda::cli;

TEST_CASE("a row is one line; control characters of untrusted text are escaped") {
    lamda::cli::Table table({"GPU"});
    table.row({"a\x1b[31m\nb\xe2\x80\xae"});
    CHECK(table.text() == "GPU\na\\u001b[31m\\nb\\u202e\n");
    CHECK(lamda::cli::listing({{"gpu", "a\n\x1b"}}) == "gpu  a\\n\\u001b\n");
}

TEST_CASE("wei are shown exactly as fractions of 10^18 and 10^9") {
    CHECK(ether("0") == "0");
    CHECK(ether("1") == "0.000000000000000001");
    CHECK(ether("1500000000000000000") == "1.5");
    CHECK(gwei("0") == "0");
    CHECK(gwei("1000000") == "0.001");
    CHECK(gwei("1000000000") == "1");
    CHECK(gwei("12345678901") == "12.345678901");
}

TEST_CASE("columns are aligned for characters of several bytes") {
    Table table({"KEY", "NONCE", "REASON"});
    table.row({"fill:7", "7", "-"});
    table.row({"0x12…ab", "1234567", "it waits"});
    CHECK(table.text() ==
          "KEY      NONCE    REASON\n"
          "fill:7   7        -\n"
          "0x12…ab  1234567  it waits\n");
}
