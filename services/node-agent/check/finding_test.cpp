#include "services/node-agent/check/finding.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <thread>

using namespace lamda;
using namespace lamda::agent;

TEST_CASE("checks run at the same time; an exception or no answer in time is a failure with its advice") {
    std::atomic<int> met = 0;
    const auto meet = [&] {
        ++met;
        while (met < 2) {  // ends only if both run at once
            std::this_thread::yield();
        }
        return std::vector<Finding>{{"met", CheckResult::kOk, "", ""}};
    };
    const auto done = run_checks(
        {{"a", "", meet},
         {"b", "", meet},
         {"c", "repair it", []() -> std::vector<Finding> { throw std::runtime_error("no answer"); }}},
        Millis(60'000));
    CHECK(done.complete);
    CHECK_FALSE(done.ok());
    REQUIRE(done.findings.size() == 3);
    CHECK(done.findings[2] == Finding{"c", CheckResult::kFailed, "no answer", "repair it"});

    // Shared: the thread outlasts this scope.
    const auto release = std::make_shared<std::atomic<bool>>(false);
    const auto overdue = run_checks({{"slow", "wait",
                                      [release] {
                                          while (!*release) {
                                              std::this_thread::yield();
                                          }
                                          return std::vector<Finding>{};
                                      }}},
                                    Millis(1));
    *release = true;
    CHECK_FALSE(overdue.complete);
    CHECK(overdue.findings ==
          std::vector<Finding>{{"slow", CheckResult::kFailed, "no answer in time", "wait"}});
}

TEST_CASE("a report is a table with advice for people, and JSON for programs") {
    Report report{
        {{"disk", CheckResult::kOk, "fine", ""}, {"clock", CheckResult::kWarning, "late", "set it"}}, true};
    CHECK(report.ok());
    CHECK(report_table(report, {}) ==
          "CHECK  RESULT   DETAIL\ndisk   ok       fine\nclock  warning  late\n\nTo do:\nclock: set it\n");
    const auto json = nlohmann::json::parse(report_json(report));
    CHECK(json["ok"] == true);
    CHECK(json["checks"][0] ==
          nlohmann::json{{"name", "disk"}, {"result", "ok"}, {"detail", "fine"}, {"advice", nullptr}});
    CHECK(json["checks"][1]["advice"] == "set it");
    report.findings[1].result = CheckResult::kFailed;
    CHECK_FALSE(report.ok());
}
