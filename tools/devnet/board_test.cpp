// Tests of the demo's board.
#include "tools/devnet/board.hpp"

#include <catch2/catch.hpp>

using namespace lamda::devnet;

TEST_CASE("untrusted text cannot send control characters to the demo's terminal") {
    const auto lines = board_lines({{"0x\x1b[2J", "\r0x12", "paid\n\x1b]0;title\x07\xe2\x80\xae"}}, 1.0);
    for (const auto& line : lines) {
        INFO(line);
        CHECK(line.find_first_of("\x1b\r\n\x07") == std::string::npos);
        CHECK(line.find("\xe2\x80\xae") == std::string::npos);
    }
}
