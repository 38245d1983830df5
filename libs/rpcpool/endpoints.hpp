// What is known of each endpoint of a chain: whether it may be asked, whom to ask first, how much at once. No
// I/O.
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

/// Endpoints are known by their place in the list. Thread-safe.
///
/// One that fails (no connection, time-out, HTTP status, garbage) rests for 0.5 s, doubled with each failure
/// up to 64 s and jittered, or for as long as it asks to be left alone (Retry-After, at most 30 s). One whose
/// head lags behind the others' is asked last. One on another chain is never asked again.
class Endpoints {
  public:
    /// @param expected absent: the chain id of the first that answers
    Endpoints(std::vector<std::string> urls, std::optional<ChainId> expected, const Clock& clock,
              telemetry::Log log, std::uint32_t jitter_seed);

    std::size_t size() const { return urls_.size(); }
    const std::string& url(std::size_t i) const { return urls_[i]; }
    const std::string& name(std::size_t i) const { return names_[i]; }

    /// Whom to ask, best first. When all rest, the one that rests the shortest; those that asked to be left
    /// alone and the excluded never.
    std::vector<std::size_t> candidates() const;
    /// The same for calls of one method: endpoints that refused it lately come last.
    std::vector<std::size_t> candidates(const std::string& method) const;
    /// Its chain id was seen.
    bool checked(std::size_t i) const;
    /// False: it is on another chain and excluded.
    bool saw_chain(std::size_t i, ChainId chain);
    /// @param took absent: it says nothing about how quick it is
    void answered(std::size_t i, std::optional<Millis> took);
    /// How often one was some help, since the start.
    std::uint64_t answers() const;
    void failed(std::size_t i, const std::exception& what);
    /// It answered to this method with an error object that is no revert ("limit exceeded", "missing trie
    /// node", "method not found"): its own trouble, for which the method rests there as an endpoint rests
    /// that fails. Other methods go on.
    void refused_method(std::size_t i, const std::string& method, const std::exception& what);
    void answered_method(std::size_t i, const std::string& method);
    /// It asked for that, and the time is not over.
    bool left_alone(std::size_t i) const;
    /// What the endpoint that answered last had said turned out to be wrong.
    void last_was_wrong(const std::exception& what);
    /// Answers that were proven to be false, since the start.
    struct RefusedAnswers {
        std::uint64_t receipts = 0;  ///< not the header's
        std::uint64_t headers = 0;   ///< of another hash than the one that they name
    };
    RefusedAnswers refused() const;
    void saw_head(std::size_t i, BlockNum head);
    /// Not on another chain, and not resting.
    bool worth_a_probe(std::size_t i) const;
    /// False: when it last told its head, it did not have that block.
    bool may_have(std::size_t i, BlockNum block) const;
    /// After this time without an answer it is worth asking another one as well.
    Millis hedge_delay(std::size_t i) const;

    /// How many blocks one eth_getLogs may span there.
    std::uint64_t window(std::size_t i) const;
    void range_answered(std::size_t i, std::uint64_t blocks, std::uint64_t bytes);
    void range_failed(std::size_t i, std::uint64_t blocks);
    /// Not even one block's logs were to be had by eth_getLogs, though the node answers. Three times in a
    /// row: it is taken to refuse the method for a minute.
    void logs_refused(std::size_t i);
    bool answers_logs(std::size_t i) const;

    std::vector<EndpointNote> notes() const;
    void recall(const std::vector<EndpointNote>& notes);
    /// Nobody was any help. @throws `last`; ConfigContradiction when all are on another chain
    [[noreturn]] void throw_no_endpoint(const std::exception_ptr& last) const;

  private:
    struct MethodRest {
        unsigned refusals = 0;
        Steady until{};
    };
    struct EndpointState {
        std::map<std::string, MethodRest> methods;  ///< those that it refused last time
        bool checked = false;
        bool excluded = false;
        unsigned failures = 0;
        Steady resting_until{};
        Steady retry_after_until{};  ///< it asked for that (Retry-After)
        std::string last_error;
        double latency_ms = 0;  ///< moving average; 0: not known
        std::optional<BlockNum> head;
        Steady head_seen{};
        Timestamp head_at{};
        RangeWindow window;
        unsigned refusals = 0;  ///< of eth_getLogs for one block, in a row
        Steady logs_resting_until{};
    };

    bool lags(const EndpointState& one, Steady now) const;
    /// After so many failures in a row before this one.
    Millis rest_after(unsigned failures);

    mutable std::mutex mutex_;
    std::vector<std::string> urls_;
    std::vector<std::string> names_;
    std::vector<EndpointId> ids_;
    std::vector<EndpointState> standing_;
    std::optional<ChainId> chain_;
    std::size_t preferred_ = 0;
    RefusedAnswers refused_;
    std::uint64_t answers_ = 0;
    const Clock& clock_;
    telemetry::Log log_;
    std::minstd_rand random_;
};

}  // namespace lamda::rpcpool
