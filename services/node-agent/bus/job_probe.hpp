// JobProbe: asks a program or a service of the provider before a job is taken.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "net/transport.hpp"

namespace lamda::agent {

/// At most one of `command` and `url` is set; none: every job is taken.
struct ProbeConfig {
    std::vector<std::string> command;  ///< absolute path and arguments, run without a shell
    std::string url;                   ///< http:// or https://, receives a POST
    Millis timeout{5'000};
};

/// Reads AGENT_PROBE: a URL, or an absolute path and arguments separated by spaces. Errors: `invalid_probe`.
Result<ProbeConfig> parse_probe(std::string_view text);

struct ProbeAnswer {
    enum class Kind { kTake, kRefuse, kLater };
    Kind kind = Kind::kTake;
    std::string reason;  ///< of kRefuse: published; of kLater: for the log only
    bool operator==(const ProbeAnswer&) const = default;
};

/// Exit status 0 takes, 1 refuses, any other defers.
ProbeAnswer answer_of_exit(int status, std::string_view output);
/// 2xx takes, 403 refuses; any other status defers: it may concern the service and not the job.
ProbeAnswer answer_of_http(int status, std::string_view body);
/// The first line: at most 200 bytes, valid UTF-8, control characters replaced by spaces, spaces around
/// removed.
std::string first_line(std::string_view output);

class JobProbe {
  public:
    JobProbe(ProbeConfig config, net::Transport& http) : config_(std::move(config)), http_(http) {}
    bool set() const { return !config_.command.empty() || !config_.url.empty(); }
    /// Returns within the timeout, or about 20 ms after a stop request; a second later if a program cannot be
    /// killed. Neither blocks retractions or running jobs: only the loop that takes assignments waits.
    /// @param assignment its JSON: stdin of the program, body of the request
    ProbeAnswer ask(const std::string& assignment, const std::stop_token& stop) const;

  private:
    ProbeAnswer run(const std::string& assignment, const std::stop_token& stop) const;
    ProbeAnswer post(const std::string& assignment, const std::stop_token& stop) const;

    const ProbeConfig config_;
    net::Transport& http_;
};

}  // namespace lamda::agent
