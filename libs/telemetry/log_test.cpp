#include "telemetry/log.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "core/clock.hpp"

using namespace lamda;
using namespace lamda::telemetry;

namespace {

/// Captures stderr during its lifetime; at most a pipe's capacity (64 KiB).
class StderrCapture {
  public:
    StderrCapture() {
        REQUIRE(::pipe2(pipe_.data(), O_NONBLOCK | O_CLOEXEC) == 0);
        saved_ = ::dup(2);
        ::dup2(pipe_[1], 2);
    }
    ~StderrCapture() {
        restore();
        ::close(pipe_[0]);
        ::close(pipe_[1]);
    }
    std::vector<std::string> lines() {
        restore();
        std::string all;
        std::array<char, 4096> part{};
        for (ssize_t n = 0; (n = ::read(pipe_[0], part.data(), part.size())) > 0;) {
            all.append(part.data(), static_cast<std::size_t>(n));
        }
        std::vector<std::string> out;
        for (std::size_t at = 0; at < all.size();) {
            const std::size_t end = all.find('\n', at);
            REQUIRE(end != std::string::npos);
            out.push_back(all.substr(at, end - at));
            at = end + 1;
        }
        return out;
    }

  private:
    void restore() {
        if (saved_ >= 0) {
            ::dup2(saved_, 2);
            ::close(saved_);
            saved_ = -1;
        }
    }
    std::array<int, 2> pipe_{};
    int saved_ = -1;
};

std::vector<std::string> logged(Format format, const std::function<void(const Log&)>& act) {
    StderrCapture capture;
    act(Log("demo", Level::kInfo, format));
    return capture.lines();
}

}  // namespace

TEST_CASE("a JSON line holds time, level, service, message and typed fields") {
    const auto lines = logged(Format::kJson, [](const Log& log) {
        log.info("job assigned", {{"attempt", 3}, {"on_time", true}, {"share", 0.25}, {"job", "0x01"}});
    });
    REQUIRE(lines.size() == 1);
    const auto line = nlohmann::json::parse(lines[0]);
    CHECK(line["level"] == "info");
    CHECK(line["service"] == "demo");
    CHECK(line["msg"] == "job assigned");
    CHECK(line["attempt"] == 3);
    CHECK(line["on_time"] == true);
    CHECK(line["share"] == 0.25);
    CHECK(line["job"] == "0x01");
    const auto at = parse_rfc3339(line["ts"].get<std::string>());
    REQUIRE(at.ok());
    CHECK(std::chrono::abs(SystemClock().now() - *at) < std::chrono::minutes(1));
}

TEST_CASE("hostile text stays one valid line") {
    using namespace std::string_literals;
    const std::string hostile =
        "quote\" slash\\ \n\r\t bell\x07 nul\0 cut\xE2\x82 surrogate\xED\xA0\x80 ok\xE2\x82\xAC"s;
    for (const Format format : {Format::kJson, Format::kText}) {
        const auto lines =
            logged(format, [&](const Log& log) { log.error(hostile, {{"value", hostile}, {hostile, 1}}); });
        REQUIRE(lines.size() == 1);
        if (format == Format::kJson) {
            const auto line = nlohmann::json::parse(lines[0]);
            const auto text = line["value"].get<std::string>();
            CHECK(line["msg"] == text);
            CHECK(text.starts_with("quote\" slash\\ \n\r\t bell\x07 nul"));
            CHECK(text.find("ok\xE2\x82\xAC") != std::string::npos);
            CHECK(text.find("\xEF\xBF\xBD") != std::string::npos);
        }
    }
}

TEST_CASE("numbers without a JSON form become text") {
    const auto lines = logged(Format::kJson, [](const Log& log) {
        log.info("x", {{"inf", std::numeric_limits<double>::infinity()}, {"big", std::uint64_t{1} << 63}});
    });
    const auto line = nlohmann::json::parse(lines.at(0));
    CHECK(line["inf"] == "inf");
    CHECK(line["big"].get<std::uint64_t>() == std::uint64_t{1} << 63);
}

TEST_CASE("with() adds its fields to every line of the copy and to none of the original") {
    const auto lines = logged(Format::kJson, [](const Log& log) {
        log.with({{"stream", "bsc"}}).with({{"block", 7}}).warn("reorg");
        log.info("plain");
    });
    REQUIRE(lines.size() == 2);
    CHECK(nlohmann::json::parse(lines[0])["stream"] == "bsc");
    CHECK(nlohmann::json::parse(lines[0])["block"] == 7);
    CHECK_FALSE(nlohmann::json::parse(lines[1]).contains("stream"));
}

TEST_CASE("text lines are readable, and quote ambiguous values") {
    const auto lines = logged(Format::kText, [](const Log& log) {
        log.with({{"part", "relay"}}).info("sent", {{"count", 2}, {"why", "two words"}, {"empty", ""}});
    });
    REQUIRE(lines.size() == 1);
    CHECK(lines[0].substr(24) == R"( info  demo: sent part=relay count=2 why="two words" empty="")");
}

TEST_CASE("lines below the level, and all lines of none(), are not written") {
    const auto lines = logged(Format::kJson, [](const Log& log) {
        log.debug("no");
        Log::none().error("no");
        Log::none().with({{"a", 1}}).error("no");
        log.warn("yes");
    });
    REQUIRE(lines.size() == 1);
}

TEST_CASE("lines of several threads do not mix") {
    const auto lines = logged(Format::kJson, [](const Log& log) {
        std::vector<std::jthread> threads;
        for (int t = 0; t < 4; ++t) {
            threads.emplace_back([&log, t] {
                for (int i = 0; i < 50; ++i) {
                    log.info("line", {{"id", t * 1000 + i}});
                }
            });
        }
    });
    std::set<int> seen;
    for (const auto& line : lines) {
        seen.insert(nlohmann::json::parse(line)["id"].get<int>());
    }
    CHECK(seen.size() == 200);
}

TEST_CASE("levels are parsed by name") {
    CHECK(*parse_level("debug") == Level::kDebug);
    CHECK(*parse_level("error") == Level::kError);
    CHECK(parse_level("INFO").error().code == "invalid_level");
    CHECK_FALSE(parse_level("").ok());
}
