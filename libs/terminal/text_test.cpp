// Tests of display widths and short forms.
#include "terminal/text.hpp"

#include <catch2/catch.hpp>
#include <string>

using namespace lamda::terminal;

TEST_CASE("ids of every kind have one short form; short texts are unchanged") {
    const std::string job = "0x8f9e84" + std::string(52, 'a') + "ffc62b";
    CHECK(shortened(job) == "0x8f9e84…c62b");
    CHECK(shortened("0x90F79bf6EB2c4f870365E785982E1f101E93b906") == "0x90F79b…b906");
    CHECK(shortened("bafybeigl6ankmdle24jsewtnimb2dquzwo7jmtltraeporrujabcktxhnm") == "bafybeig…xhnm");
    CHECK(shortened("increment:" + job) == "increment:0x8f9e84…c62b");
    for (const char* text : {"", "-", "0x12345678abcd", "fill:7", "0x8f9e84…c62b"}) {
        CHECK(shortened(text) == text);
    }
}

TEST_CASE("a text is cut by its width on the screen, not by its bytes") {
    CHECK(width_of("0x12…ab") == 7);
    CHECK(width_of("日本") == 4);
    CHECK(width_of("e\u0301") == 1);
    CHECK(cut("it waits", 8) == "it waits");
    CHECK(cut("it waits", 7) == "it wai…");
    CHECK(cut("日本語", 5) == "日本…");
    CHECK(cut("日本語", 4) == "日…");
    CHECK(cut("long", 1) == "…");
}

TEST_CASE("a state's colour follows its first word, and only if colours are on") {
    CHECK(state_tone("failed (retry)") == Tone::kBad);
    CHECK(state_tone("ready") == Tone::kGood);
    CHECK(state_tone("not ready") == Tone::kWaiting);
    CHECK(state_tone("anything else") == Tone::kPlain);
    CHECK(painted("ok", Tone::kGood, true) == "\x1b[32mok\x1b[0m");
    CHECK(painted("ok", Tone::kGood, false) == "ok");
    CHECK(painted("ok", Tone::kPlain, true) == "ok");
}
