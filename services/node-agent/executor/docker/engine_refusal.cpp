#include "services/node-agent/executor/docker/engine_refusal.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace lamda::agent {

namespace {

constexpr int kBadRequest = 400;

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return out;
}

template <std::size_t N>
bool holds_any(std::string_view text, const std::array<std::string_view, N>& words) {
    return std::any_of(words.begin(), words.end(),
                       [&](auto word) { return text.find(word) != std::string_view::npos; });
}

// Checked first: a rate limit may contain the text of a denial.
constexpr std::array<std::string_view, 3> kLimits{"toomanyrequests", "too many requests", "rate limit"};
constexpr std::array<std::string_view, 4> kImpossible{"invalid reference format", "must be lowercase",
                                                      "invalid checksum digest", "unsupported digest"};
constexpr std::array<std::string_view, 10> kDenied{
    "manifest unknown",          "name unknown",
    "repository name not known", "access to the resource is denied",
    "pull access denied",        "repository does not exist",
    "no matching manifest",      "unauthorized",
    "authentication required",   "no basic auth credentials"};
constexpr std::array<std::string_view, 4> kDevices{"could not select device driver", "cdi device", "nvidia",
                                                   "no such device"};

// Texts of runc, crun and the engines.
constexpr std::array<std::string_view, 6> kImpossibleStart{
    "executable file not found", "executable file `",   "command that was not found",
    "exec format error",         "unable to find user", "unable to find group"};
/// Matched only after the name of the program: elsewhere they refer to mounts and sockets.
constexpr std::array<std::string_view, 4> kProgramFaults{"no such file or directory", "permission denied",
                                                         "is a directory", "not a directory"};

}  // namespace

PullFault pull_fault(int status, std::string_view message) {
    const auto text = lower(message);
    if (holds_any(text, kLimits)) {
        return PullFault::kTransient;
    }
    if (status == kBadRequest || holds_any(text, kImpossible)) {
        return PullFault::kImpossible;
    }
    return holds_any(text, kDenied) ? PullFault::kDenied : PullFault::kTransient;
}

bool is_impossible_start(std::string_view message) {
    const auto text = lower(message);
    if (holds_any(text, kImpossibleStart)) {
        return true;
    }
    const auto program = text.find("exec: \"");
    return program != std::string::npos && holds_any(std::string_view(text).substr(program), kProgramFaults);
}

bool lacks_quota(std::string_view message) {
    const auto text = lower(message);
    return text.find("storage-opt") != std::string::npos || text.find("quota") != std::string::npos;
}

bool lacks_device(std::string_view message) {
    return holds_any(lower(message), kDevices);
}

}  // namespace lamda::agent
