// Tests of the decisions about width and colour.
#include "terminal/screen.hpp"

#include <catch2/catch.hpp>

using namespace lamda::terminal;

namespace {

ScreenFacts terminal() {
    return {.is_terminal = true, .columns = 120, .lines = 40, .term = "xterm-256color"};
}

}  // namespace

TEST_CASE("an output that is not a terminal has no limit and no colour, whatever the environment says") {
    const auto screen =
        screen_from({.is_terminal = false, .columns = 80, .columns_text = "80", .term = "xterm-256color"});
    CHECK_FALSE(screen.width);
    CHECK_FALSE(screen.height);
    CHECK_FALSE(screen.colour);
    CHECK_FALSE(screen.moves);
}

TEST_CASE("the kernel's size precedes COLUMNS and LINES, which are used if it is unknown") {
    auto facts = terminal();
    facts.columns_text = "70";
    CHECK(screen_from(facts).width == 120);
    CHECK(screen_from(facts).height == 40);
    facts.columns = facts.lines = 0;
    facts.lines_text = "30";
    CHECK(screen_from(facts).width == 70);
    CHECK(screen_from(facts).height == 30);
    for (const char* wrong : {"", "x", "7x", "0", "-5"}) {
        facts.columns_text = wrong;
        CHECK_FALSE(screen_from(facts).width);
    }
}

TEST_CASE("NO_COLOR and TERM=dumb switch colours off") {
    CHECK(screen_from(terminal()).colour);
    auto facts = terminal();
    facts.no_color = "1";
    CHECK_FALSE(screen_from(facts).colour);
    CHECK(screen_from(facts).moves);
    for (const char* term : {"", "dumb"}) {
        facts = terminal();
        facts.term = term;
        CHECK_FALSE(screen_from(facts).colour);
        CHECK_FALSE(screen_from(facts).moves);
    }
}
