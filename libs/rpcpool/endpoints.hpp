// Endpoints: state of each endpoint of a chain; decides which may be called, in which order, and with which
// range. No I/O.
#pragma once

#include <exception>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "eth/rpc.hpp"
#include "rpcpool/endpoint_note.hpp"
#include "rpcpool/range_window.hpp"
#include "telemetry/log.hpp"

namespace lamda::rpcpool {

/// Endpoints are identified by their position in the list. Thread-safe.
///
/// An endpoint that fails (no connection, timeout, HTTP status, malformed answer) backs off for 0.5 s,
/// doubled with each failure up to 64 s, with jitter; or for its Retry-After, at most 30 s. An endpoint whose
/// head lags behind the others' is called last. An endpoint on another chain is never called again.
class Endpoints {
  public:
    /// @param expected absent: the chain id of the first endpoint that answers
    Endpoints(std::vector<std::string> urls, std::optional<ChainId> expected, const Clock& clock,
              telemetry::Log log, std::uint32_t jitter_seed);

    std::size_t size() const { return urls_.size(); }
    const std::string& url(std::size_t i) const { return urls_[i]; }
    const std::string& name(std::size_t i) const { return names_[i]; }

    /// Endpoints that may be called, best first. When all back off, the one whose back-off ends first. Never
    /// contains excluded endpoints or those whose Retry-After is not over.
    std::vector<std::size_t> candidates() const;
    /// The same for one method: endpoints that back off for this method come last.
    std::vector<std::size_t> candidates(const std::string& method) const;
    /// True if the chain id of the endpoint is known.
    bool checked(std::size_t i) const;
    /// False: the endpoint is on another chain and is excluded.
    bool saw_chain(std::size_t i, ChainId chain);
    /// @param took absent: the time says nothing about the latency
    void answered(std::size_t i, std::optional<Millis> took);
    /// Number of usable answers since the start.
    std::uint64_t answers() const;
    void failed(std::size_t i, const std::exception& what);
    /// Notes an error object that is no revert ("limit exceeded", "missing trie node", "method not found").
    /// It concerns this endpoint alone: only the method backs off there, as a failed endpoint does.
    void refused_method(std::size_t i, const std::string& method, const std::exception& what);
    void answered_method(std::size_t i, const std::string& method);
    /// True while the endpoint's Retry-After is not over.
    bool in_retry_after(std::size_t i) const;
    /// Counts the last answer as a failure of its endpoint: it was proven wrong.
    void last_was_wrong(const std::exception& what);
    /// Answers that were proven wrong, since the start.
    struct RefusedAnswers {
        std::uint64_t receipts = 0;  ///< receipts that are not the header's
        std::uint64_t headers = 0;   ///< headers whose hash is not that of their fields
    };
    RefusedAnswers refused() const;
    void saw_head(std::size_t i, BlockNum head);
    /// True if not on another chain and not backing off.
    bool worth_a_probe(std::size_t i) const;
    /// False: the endpoint's last known head is below this block.
    bool may_have(std::size_t i, BlockNum block) const;
    /// Time without an answer after which another endpoint is called as well.
    Millis hedge_delay(std::size_t i) const;

    /// Number of blocks that one eth_getLogs may span at the endpoint.
    std::uint64_t window(std::size_t i) const;
    void range_answered(std::size_t i, std::uint64_t blocks, std::uint64_t bytes);
    void range_failed(std::size_t i, std::uint64_t blocks);
    /// Notes that eth_getLogs was refused for a single block. After three refusals in a row the endpoint
    /// counts as refusing the method for one minute.
    void logs_refused(std::size_t i);
    bool answers_logs(std::size_t i) const;

    std::vector<EndpointNote> notes() const;
    void recall(const std::vector<EndpointNote>& notes);
    /// Reports that no endpoint answered. @throws ConfigContradiction when all are on another chain; else
    /// `last`, or net::TransportError without one
    [[noreturn]] void throw_no_endpoint(const std::exception_ptr& last) const;

  private:
    struct MethodBackoff {
        unsigned refusals = 0;
        Steady until{};
    };
    struct EndpointState {
        std::map<std::string, MethodBackoff> methods;  ///< methods that it refused last time
        bool checked = false;
        bool excluded = false;
        unsigned failures = 0;
        Steady resting_until{};
        Steady retry_after_until{};  ///< from Retry-After
        std::string last_error;
        double latency_ms = 0;  ///< moving average; 0: unknown
        std::optional<BlockNum> head;
        Steady head_seen{};
        Timestamp head_at{};
        RangeWindow window;
        unsigned refusals = 0;  ///< consecutive ones, of eth_getLogs for one block
        Steady logs_resting_until{};
    };

    bool lags(const EndpointState& one, Steady now) const;
    /// Back-off after a failure. @param failures consecutive ones before this one
    Millis backoff_after(unsigned failures);

    mutable std::mutex mutex_;
    std::vector<std::string> urls_;
    std::vector<std::string> names_;
    std::vector<EndpointId> ids_;
    std::vector<EndpointState> states_;
    std::optional<ChainId> chain_;
    std::size_t preferred_ = 0;
    RefusedAnswers refused_;
    std::uint64_t answers_ = 0;
    const Clock& clock_;
    telemetry::Log log_;
    std::minstd_rand random_;
};

}  // namespace lamda::rpcpool
