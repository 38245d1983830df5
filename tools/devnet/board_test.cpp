// Tests of the demo's board.
#include "tools/devnet/board.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

#include "terminal/text.hpp"

using namespace lamda;
using namespace lamda::devnet;

namespace {

const std::string kProvider = "0x90f79bf6eb2c4f870365e785982e1f101e93b906";

std::string job(std::size_t number) {
    return "0x8f9e84" + std::string(54, 'a') + std::to_string(1'000 + number);
}

BoardState state_of(std::size_t rewarded, std::size_t assigned) {
    BoardState out;
    out.parts = {{"job-dispatcher", true}, {"reputation", true}};
    for (std::size_t i = 0; i < rewarded + assigned; ++i) {
        out.rows.push_back({job(i), kProvider, i < rewarded ? "rewarded" : "assigned"});
    }
    return out;
}

terminal::Screen screen(std::size_t width, std::size_t height) {
    return {.is_terminal = true, .width = width, .height = height};
}

bool any_has(const std::vector<std::string>& lines, const std::string& text) {
    return std::any_of(lines.begin(), lines.end(),
                       [&](const std::string& line) { return line.find(text) != std::string::npos; });
}

}  // namespace

TEST_CASE("untrusted text cannot send control characters to the demo's terminal") {
    const BoardState state{{{"a\x1b[2J", false}},
                           {{"0x\x1b[2J", "\r0x12", "paid\n\x1b]0;title\x07\xe2\x80\xae"}}};
    auto lines = board_lines(state, 1.0, {});
    const auto changes = change_lines({}, state);
    lines.insert(lines.end(), changes.begin(), changes.end());
    for (const auto& line : lines) {
        INFO(line);
        CHECK(line.find_first_of("\x1b\r\n\x07") == std::string::npos);
        CHECK(line.find("\xe2\x80\xae") == std::string::npos);
    }
}

TEST_CASE("the board shows parts, jobs, stages and progress") {
    auto state = state_of(1, 1);
    state.parts[1].ready = false;
    CHECK(board_lines(state, 5.31, screen(80, 24)) ==
          std::vector<std::string>{
              "  1/2 parts are ready; not ready: reputation",
              "  JOB            PROVIDER       STATUS    PROGRESS",
              "  0x8f9e84…1000  0x90f79b…b906  rewarded  ████████████████████",
              "  0x8f9e84…1001  0x90f79b…b906  assigned  █████░░░░░░░░░░░░░░░",
              "  1 assigned, 1 rewarded",
              "  █████████████████████████░░░░░░░░░░░░░░░  62 %  1/2 rewarded  5.3 s",
          });
}

TEST_CASE("the board stays within the screen, and shows unfinished jobs first") {
    const auto state = state_of(90, 10);
    for (const std::size_t width : {20, 40, 79, 120}) {
        for (const std::size_t height : {1, 3, 6, 12, 24, 200}) {
            const auto lines = board_lines(state, 12'345.6, screen(width, height));
            INFO(width << "x" << height);
            CHECK(lines.size() < std::max<std::size_t>(height, 2));
            for (const auto& line : lines) {
                INFO(line);
                CHECK((width == 20 || terminal::width_of(line) <= width));
            }
        }
    }
    const auto lines = board_lines(state, 1.0, screen(80, 18));
    CHECK(lines.size() == 17);
    for (std::size_t i = 90; i < 100; ++i) {
        CHECK(any_has(lines, "…" + std::to_string(1'000 + i)));
    }
    CHECK(any_has(lines, "… and 88 more"));
    CHECK(any_has(lines, "10 assigned, 90 rewarded"));
}

TEST_CASE("without a terminal each change is one line with complete ids") {
    auto before = state_of(0, 2);
    CHECK(change_lines({}, before).size() == 2);  // parts that are ready are no change
    auto now = before;
    now.rows[1].status = "running";
    now.parts[0].ready = false;
    CHECK(change_lines(before, now) ==
          std::vector<std::string>{"part job-dispatcher: not ready",
                                   "job " + job(1) + " on " + kProvider + ": running"});
    CHECK(change_lines(now, now).empty());
    CHECK(change_lines(now, before).front() == "part job-dispatcher: ready");
}
