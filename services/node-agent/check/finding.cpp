#include "services/node-agent/check/finding.hpp"

#include <algorithm>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "core/json_writer.hpp"
#include "terminal/table.hpp"

namespace lamda::agent {

namespace {

/// Shared with the threads, which may outlast run_checks().
struct Results {
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<std::optional<std::vector<Finding>>> findings;
    std::size_t left = 0;
};

std::vector<Finding> findings_of(const Check& check) {
    try {
        return check.run();
    } catch (const std::exception& error) {
        return {{check.name, CheckResult::kFailed, error.what(), check.advice}};
    }
}

terminal::Tone tone_of(std::string_view result) {
    return result == "ok"       ? terminal::Tone::kGood
           : result == "failed" ? terminal::Tone::kBad
                                : terminal::Tone::kWaiting;
}

}  // namespace

std::string_view to_string(CheckResult result) {
    switch (result) {
        case CheckResult::kOk:
            return "ok";
        case CheckResult::kWarning:
            return "warning";
        case CheckResult::kFailed:
            return "failed";
    }
    return "";
}

bool Report::ok() const {
    return std::none_of(findings.begin(), findings.end(),
                        [](const Finding& finding) { return finding.result == CheckResult::kFailed; });
}

Report run_checks(const std::vector<Check>& checks, Millis timeout) {
    const auto results = std::make_shared<Results>();
    results->findings.resize(checks.size());
    results->left = checks.size();
    for (std::size_t i = 0; i < checks.size(); ++i) {
        std::thread([results, i, check = checks[i]] {
            auto findings = findings_of(check);
            const std::lock_guard lock(results->mutex);
            results->findings[i] = std::move(findings);
            --results->left;
            results->changed.notify_all();
        }).detach();
    }
    std::unique_lock lock(results->mutex);
    results->changed.wait_for(lock, timeout, [&] { return results->left == 0; });
    Report report;
    report.complete = results->left == 0;
    for (std::size_t i = 0; i < checks.size(); ++i) {
        const auto overdue = std::vector<Finding>{
            {checks[i].name, CheckResult::kFailed, "no answer in time", checks[i].advice}};
        const auto findings = results->findings[i].value_or(overdue);
        report.findings.insert(report.findings.end(), findings.begin(), findings.end());
    }
    return report;
}

std::string report_table(const Report& report, const terminal::Screen& screen) {
    terminal::Table table({{"CHECK"}, {"RESULT", terminal::Kind::kText, 0, 0, &tone_of}, {"DETAIL"}});
    std::string advice;
    for (const auto& finding : report.findings) {
        table.row({finding.name, std::string(to_string(finding.result)), finding.detail});
        if (!finding.advice.empty()) {
            advice += "\n" + finding.name + ": " + finding.advice;
        }
    }
    return table.text(screen) + (advice.empty() ? "" : "\nTo do:" + advice + "\n");
}

std::string report_json(const Report& report) {
    JsonWriter json;
    json.begin_object().key("ok").boolean(report.ok()).key("checks").begin_array();
    for (const auto& finding : report.findings) {
        json.begin_object().key("name").text(finding.name).key("result").text(to_string(finding.result));
        json.key("detail").text(finding.detail).key("advice");
        if (finding.advice.empty()) {
            json.null();
        } else {
            json.text(finding.advice);
        }
        json.end_object();
    }
    return json.end_array().end_object().take();
}

}  // namespace lamda::agent
