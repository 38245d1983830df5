// Tests of amounts with their units.
#include "terminal/units.hpp"

#include <catch2/catch.hpp>

using namespace lamda;
using namespace lamda::terminal;
using namespace std::chrono_literals;

TEST_CASE("wei are shown exactly, in BNB and gwei") {
    CHECK(bnb(0) == "0 BNB");
    CHECK(bnb(1) == "0.000000000000000001 BNB");
    CHECK(bnb(U256("1500000000000000000")) == "1.5 BNB");
    CHECK(bnb(U256("115792089237316195423570985008687907853269984665640564039457584007913129639935")) ==
          "115792089237316195423570985008687907853269984665640564039457.584007913129639935 BNB");
    CHECK(bnb_and_wei(U256("10000000000000000")) == "0.01 BNB (10000000000000000 wei)");
    CHECK(gwei(0) == "0 gwei");
    CHECK(gwei(1'000'000) == "0.001 gwei");
    CHECK(gwei(12'345'678'901) == "12.345678901 gwei");
}

TEST_CASE("an amount at fewer digits is rounded down and marked") {
    CHECK(short_decimals("9999.998938499992570505 BNB") == "9999.998938… BNB");
    CHECK(short_decimals("0.000000050784123456 BNB") == "0.00000005078… BNB");
    CHECK(short_decimals("0.01 BNB") == "0.01 BNB");
    CHECK(short_decimals("0.1234567 gwei") == "0.1234567 gwei");  // the mark is as long as the digit
    CHECK(short_decimals("0.12345678 gwei") == "0.123456… gwei");
    CHECK(short_decimals("12 BNB") == "12 BNB");
    CHECK(short_decimals("-") == "-");
}

TEST_CASE("time spans use one unit") {
    CHECK(rough(0s) == "0 s");
    CHECK(rough(350ms) == "350 ms");
    CHECK(rough(1'999ms) == "1 s");
    CHECK(rough(119s) == "119 s");
    CHECK(rough(120s) == "2 min");
    CHECK(rough(2h) == "2 h");
    CHECK(rough(50h) == "2 d");
    CHECK(seconds(11.26) == "11.3 s");
}

TEST_CASE("sizes and counts have their unit") {
    CHECK(mib(24'576) == "24576 MiB");
    CHECK(bytes(512) == "512 B");
    CHECK(gas(50'000) == "50000 gas");
    CHECK(blocks(1) == "1 block");
    CHECK(blocks(0) == "0 blocks");
}
