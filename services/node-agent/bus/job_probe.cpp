#include "services/node-agent/bus/job_probe.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "core/utf8.hpp"
#include "services/node-agent/machine/program.hpp"

namespace lamda::agent {

namespace {

using Kind = ProbeAnswer::Kind;

constexpr std::size_t kMostOutput = 4'096;
constexpr std::size_t kMostReason = 200;
/// The program's only variable: this process's may hold settings.
constexpr auto kPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

}  // namespace

Result<ProbeConfig> parse_probe(std::string_view text) {
    ProbeConfig out;
    if (text.starts_with("http://") || text.starts_with("https://")) {
        out.url = text;
        return out;
    }
    std::istringstream words{std::string(text)};
    for (std::string word; words >> word;) {
        out.command.push_back(word);
    }
    if (!out.command.empty() && !out.command.front().starts_with('/')) {
        return Error{"invalid_probe", "must be an http(s):// URL, or an absolute path with arguments", ""};
    }
    return out;
}

std::string first_line(std::string_view output) {
    auto line = valid_utf8(output.substr(0, std::min(output.find('\n'), kMostOutput)));
    std::replace_if(
        line.begin(), line.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; },
        ' ');
    std::size_t end = 0;
    while (end < line.size() && end + utf8_sequence(std::string_view(line).substr(end)) <= kMostReason) {
        end += utf8_sequence(std::string_view(line).substr(end));
    }
    line.resize(end);
    const auto first = line.find_first_not_of(' ');
    return first == std::string::npos ? "" : line.substr(first, line.find_last_not_of(' ') - first + 1);
}

ProbeAnswer answer_of_exit(int status, std::string_view output) {
    if (status == 0) {
        return {};
    }
    if (status != 1) {
        return {Kind::kLater, fmt::format("the probe ended with status {}", status)};
    }
    auto reason = first_line(output);
    return {Kind::kRefuse, reason.empty() ? "the provider does not take this job" : std::move(reason)};
}

ProbeAnswer answer_of_http(int status, std::string_view body) {
    constexpr int kForbidden = 403;
    if (status >= 200 && status < 300) {
        return {};
    }
    if (status != kForbidden) {
        return {Kind::kLater, fmt::format("the probe answered {}", status)};
    }
    return answer_of_exit(1, body);
}

ProbeAnswer JobProbe::ask(const std::string& assignment, const std::stop_token& stop) const {
    if (!config_.command.empty()) {
        return run(assignment, stop);
    }
    return config_.url.empty() ? ProbeAnswer{} : post(assignment, stop);
}

ProbeAnswer JobProbe::run(const std::string& assignment, const std::stop_token& stop) const {
    Program program;
    program.command = config_.command;
    program.input = assignment;
    program.environment = std::vector<std::string>{kPath};
    program.most_output = kMostOutput;
    const auto end = run_program(program, config_.timeout, stop);
    if (!end) {
        return {Kind::kLater, "the probe could not be started"};
    }
    switch (end->kind) {
        case ProgramEnd::Kind::kExited:
            return answer_of_exit(end->status, end->output);
        case ProgramEnd::Kind::kSignal:
            return {Kind::kLater, "the probe was ended by a signal"};
        case ProgramEnd::Kind::kStopped:
            break;
    }
    return {Kind::kLater, fmt::format("the probe did not answer within {} ms", config_.timeout.count())};
}

ProbeAnswer JobProbe::post(const std::string& assignment, const std::stop_token& stop) const {
    net::HttpRequest request;
    request.method = "POST";
    request.url = config_.url;
    request.headers = {{"Content-Type", "application/json"}};
    request.body = assignment;
    request.timeout = config_.timeout;
    request.connect_timeout = config_.timeout;
    request.max_body = 64U << 10U;
    request.stop = stop;
    try {
        const auto response = http_.send(request);
        return answer_of_http(response.status, response.body);
    } catch (const net::TransportError& error) {
        return {Kind::kLater, std::string("the probe did not answer: ") + error.what()};
    }
}

}  // namespace lamda::agent
