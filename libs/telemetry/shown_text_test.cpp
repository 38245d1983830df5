#include "telemetry/shown_text.hpp"

#include <catch2/catch.hpp>

using namespace lamda::telemetry;

TEST_CASE("shown text contains no character that controls a terminal or reorders a line") {
    CHECK(shown_text("a\x1b[31mb") == "a\\u001b[31mb");
    CHECK(shown_text("a\n\tb\r") == "a\\n\\tb\\r");
    CHECK(shown_text(std::string("a\0b\x7f", 4)) == "a\\u0000b\\u007f");
    CHECK(shown_text("\xc2\x9b") == "\\u009b");
    CHECK(shown_text("\xe2\x80\xae"
                     "txt.exe") == "\\u202etxt.exe");
    CHECK(shown_text("\xe2\x81\xa6\xe2\x80\xa8\xd8\x9c") == "\\u2066\\u2028\\u061c");
    CHECK(shown_text("\xff\xed\xa0\x80").find('\xff') == std::string::npos);
    CHECK(shown_text("GPU \xf0\x9f\x9a\x80 \xe6\xbc\xa2 \"\\") == "GPU \xf0\x9f\x9a\x80 \xe6\xbc\xa2 \"\\");
    CHECK(shown_lines("a\x1b\nb") == "a\\u001b\nb");
}
