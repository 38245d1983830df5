// The demo's board.
#include "tools/devnet/board.hpp"

#include <catch2/catch.hpp>

using namespace lamda::devnet;

TEST_CASE("strangers' text cannot steer the terminal of a demo") {
    const auto lines = board_lines({{"0x\x1b[2J", "\r0x12", "paid\n\x1b]0;title\x07\xe2\x80\xae"}}, 1.0);
    for (const auto& line : lines) {
        INFO(line);
        CHECK(line.find_first_of("\x1b\r\n\x07") == std::string::npos);
        CHECK(line.find("\xe2\x80\xae") == std::string::npos);
    }
}
