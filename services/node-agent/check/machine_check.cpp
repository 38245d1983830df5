// Machine part of the checks: disk, clock, GPUs.
#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <filesystem>

#include "services/node-agent/check/checks.hpp"
#include "services/node-agent/state/durable_file.hpp"

namespace lamda::agent {

namespace fs = std::filesystem;

namespace {

constexpr CrashNames kCrash{"agent.check.written", "agent.check.renamed"};
constexpr std::uint64_t kMib = 1ULL << 20;
constexpr std::uint64_t kLittle = 1'024;  // MiB: one job of the default diskMib
constexpr std::uint64_t kTooLittle = 64;  // MiB
constexpr Millis kDateTimeout{5'000};
constexpr Millis kNoticeable{5'000};
constexpr Millis kWrong{300'000};

/// IMF-fixdate (RFC 9110, section 5.6.7).
std::optional<Timestamp> parse_date(const std::string& text) {
    std::tm parts{};
    if (strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts) == nullptr) {
        return std::nullopt;
    }
    return from_unix_seconds(static_cast<std::uint64_t>(timegm(&parts)));
}

}  // namespace

std::vector<Finding> check_disk(const std::string& state_dir) {
    constexpr auto kName = "disk";
    if (!fs::exists(state_dir)) {
        return {{kName, CheckResult::kWarning, state_dir + " does not exist yet",
                 "no fault if the agent may create it at its start"}};
    }
    const auto probe = state_dir + "/check-probe";
    write_durably(probe, "probe", kCrash);
    remove_durably(probe);
    const auto free = fs::space(state_dir).available / kMib;
    const auto detail = fmt::format("{} MiB free in {}, fsync works", free, state_dir);
    if (free >= kLittle) {
        return {{kName, CheckResult::kOk, detail}};
    }
    return {{kName, free < kTooLittle ? CheckResult::kFailed : CheckResult::kWarning, detail,
             "free space: each job needs its diskMib"}};
}

Finding judge_clock(std::vector<Millis> server_ahead) {
    constexpr auto kName = "clock";
    constexpr auto kAdvice = "synchronise the clock (chrony, systemd-timesyncd): signatures carry the time";
    // The median: a single server may be wrong. Date has whole seconds, so half a second is added.
    const auto middle = server_ahead.begin() + static_cast<std::ptrdiff_t>(server_ahead.size() / 2);
    std::nth_element(server_ahead.begin(), middle, server_ahead.end());
    const auto off = *middle + Millis(500);
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(off).count();
    const auto detail = seconds == 0 ? fmt::format("agrees with {} servers", server_ahead.size())
                                     : fmt::format("{} s {} {} servers", std::abs(seconds),
                                                   seconds > 0 ? "behind" : "ahead of", server_ahead.size());
    const auto size = std::chrono::abs(off);
    return size < kNoticeable ? Finding{kName, CheckResult::kOk, detail}
                              : Finding{kName, size < kWrong ? CheckResult::kWarning : CheckResult::kFailed,
                                        detail, kAdvice};
}

std::vector<Finding> check_clock(net::Transport& http, const std::vector<std::string>& urls,
                                 const Clock& clock) {
    std::vector<Millis> ahead;
    for (const auto& url : urls) {
        net::HttpRequest request;
        request.url = url;
        request.timeout = kDateTimeout;
        try {
            const auto date = parse_date(http.send(request).header("Date").value_or(""));
            if (date) {
                ahead.push_back(*date - clock.now());
            }
        } catch (const net::TransportError&) {  // its own check reports it
        }
    }
    if (ahead.empty()) {
        return {{"clock", CheckResult::kWarning, "no server reports a time",
                 "compare the clock yourself: date -u"}};
    }
    return {judge_clock(std::move(ahead))};
}

std::vector<Finding> judge_gpus(const Gpus& gpus, std::optional<std::uint64_t> limit) {
    constexpr auto kName = "GPU";
    const auto most = offered_gpus(limit, gpus);
    const auto offered = most ? fmt::format("at most {} for a job", *most) : "the engine decides";
    if (!gpus.fault.empty()) {
        return {{kName, CheckResult::kWarning, gpus.fault + "; " + offered,
                 "repair the driver, or let the agent see the devices (PrivateDevices=no in its unit)"}};
    }
    if (gpus.found.empty()) {
        return {{kName, CheckResult::kOk, "none found; " + offered}};
    }
    auto detail = fmt::format("{}, driver {}, by {}; {}", models_of(gpus.found), gpus.found.front().driver,
                              gpus.source, offered);
    return {{kName, CheckResult::kOk, std::move(detail)}};
}

}  // namespace lamda::agent
