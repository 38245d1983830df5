#include "rpcpool/endpoints.hpp"

#include <algorithm>

#include "core/duration.hpp"
#include "crypto/digest.hpp"
#include "net/http_message.hpp"
#include "rpcpool/errors.hpp"

namespace lamda::rpcpool {

namespace {

constexpr std::int64_t kFirstRestMs = 500;
constexpr unsigned kMostDoublings = 7;  // 64 s
constexpr unsigned kRefusalsToBelieve = 3;
/// Time until a refused eth_getLogs is tried again: the refusal may have been a rate limit.
constexpr Millis kLogsRest{60'000};
/// Longest Retry-After that is honoured: the reset of a daily quota must not block the only endpoint.
constexpr Millis kMostPause{30'000};
constexpr std::uint64_t kBlocksBehind = 16;
constexpr Millis kHeadIsFresh{30'000};
constexpr double kNewLatencyWeight = 0.2;
constexpr Millis kUnknownHedgeDelay{1'000};
constexpr Millis kLeastHedgeDelay{50};
constexpr Millis kMostHedgeDelay{2'000};

std::optional<Millis> requested_pause(const std::exception& what) {
    const auto* answer = dynamic_cast<const eth::BadAnswer*>(&what);
    if (answer == nullptr || !answer->retry_after()) {
        return std::nullopt;
    }
    return std::min(*answer->retry_after(), kMostPause);
}

}  // namespace

std::string_view to_string(EndpointNote::State state) {
    switch (state) {
        case EndpointNote::State::kUnknown:
            return "unknown";
        case EndpointNote::State::kGood:
            return "good";
        case EndpointNote::State::kResting:
            return "resting";
        case EndpointNote::State::kExcluded:
            return "excluded";
    }
    return "";
}

Endpoints::Endpoints(std::vector<std::string> urls, std::optional<ChainId> expected, const Clock& clock,
                     telemetry::Log log, std::uint32_t jitter_seed)
    : urls_(std::move(urls)),
      states_(urls_.size()),
      chain_(expected),
      clock_(clock),
      log_(std::move(log)),
      random_(jitter_seed) {
    for (const auto& url : urls_) {
        names_.push_back(net::redact_url(url));
        ids_.push_back(crypto::sha256(as_bytes(url)).as<EndpointId>());
    }
}

bool Endpoints::lags(const EndpointState& one, Steady now) const {
    if (!one.head) {
        return false;
    }
    BlockNum best;
    for (const auto& other : states_) {
        if (!other.excluded && other.head && now - other.head_seen < kHeadIsFresh) {
            best = std::max(best, *other.head);
        }
    }
    return *one.head + kBlocksBehind < best;
}

std::vector<std::size_t> Endpoints::candidates() const {
    const std::lock_guard lock(mutex_);
    const auto now = clock_.steady();
    std::vector<std::size_t> good;
    std::vector<std::size_t> lagging;
    std::optional<std::size_t> resting;
    for (std::size_t i = 0; i < states_.size(); ++i) {
        const auto index = (preferred_ + i) % states_.size();
        const auto& one = states_[index];
        if (one.excluded) {
            continue;
        }
        if (one.resting_until <= now) {
            (lags(one, now) ? lagging : good).push_back(index);
        } else if (one.retry_after_until <= now &&
                   (!resting || one.resting_until < states_[*resting].resting_until)) {
            resting = index;
        }
    }
    good.insert(good.end(), lagging.begin(), lagging.end());
    if (good.empty() && resting) {
        good.push_back(*resting);
    }
    return good;
}

std::vector<std::size_t> Endpoints::candidates(const std::string& method) const {
    auto out = candidates();
    const std::lock_guard lock(mutex_);
    const auto now = clock_.steady();
    std::stable_partition(out.begin(), out.end(), [&](std::size_t i) {
        const auto rest = states_[i].methods.find(method);
        return rest == states_[i].methods.end() || rest->second.until <= now;
    });
    return out;
}

Millis Endpoints::backoff_after(unsigned failures) {
    const auto most = kFirstRestMs << std::min(failures, kMostDoublings);
    return Millis(std::uniform_int_distribution<std::int64_t>(most / 2, most)(random_));
}

void Endpoints::refused_method(std::size_t i, const std::string& method, const std::exception& what) {
    const std::lock_guard lock(mutex_);
    auto& rest = states_[i].methods[method];
    rest.until = clock_.steady() + backoff_after(rest.refusals);
    if (++rest.refusals == 1) {
        log_.warn("endpoint refuses a method",
                  {{"endpoint", names_[i]}, {"method", method}, {"reason", what.what()}});
    }
}

void Endpoints::answered_method(std::size_t i, const std::string& method) {
    const std::lock_guard lock(mutex_);
    states_[i].methods.erase(method);
}

bool Endpoints::checked(std::size_t i) const {
    const std::lock_guard lock(mutex_);
    return states_[i].checked;
}

bool Endpoints::saw_chain(std::size_t i, ChainId chain) {
    const std::lock_guard lock(mutex_);
    if (!chain_) {
        chain_ = chain;
    }
    auto& one = states_[i];
    one.checked = true;
    one.excluded = chain != *chain_;
    if (one.excluded) {
        one.last_error =
            "is on chain " + std::to_string(chain.value) + " instead of " + std::to_string(chain_->value);
        log_.error("endpoint is on another chain and not used",
                   {{"endpoint", names_[i]}, {"chain_id", chain.value}, {"expected", chain_->value}});
    }
    return !one.excluded;
}

void Endpoints::answered(std::size_t i, std::optional<Millis> took) {
    const std::lock_guard lock(mutex_);
    auto& one = states_[i];
    ++answers_;
    // An answer to a call made before Retry-After arrived does not end the pause.
    if (one.retry_after_until > clock_.steady()) {
        return;
    }
    one.failures = 0;
    one.resting_until = {};
    one.last_error.clear();
    preferred_ = i;
    if (took) {
        const auto ms = static_cast<double>(took->count());
        one.latency_ms =
            one.latency_ms == 0 ? ms : (1 - kNewLatencyWeight) * one.latency_ms + kNewLatencyWeight * ms;
    }
}

void Endpoints::failed(std::size_t i, const std::exception& what) {
    const std::lock_guard lock(mutex_);
    auto& one = states_[i];
    const auto rest = backoff_after(one.failures);
    const auto now = clock_.steady();
    if (const auto asked = requested_pause(what)) {
        one.retry_after_until = std::max(one.retry_after_until, now + *asked);
    }
    one.resting_until = std::max(now + rest, one.retry_after_until);
    ++one.failures;
    refused_.receipts += dynamic_cast<const ReceiptsRefused*>(&what) != nullptr ? 1 : 0;
    refused_.headers += dynamic_cast<const eth::WrongHeader*>(&what) != nullptr ? 1 : 0;
    one.last_error = what.what();
    if (one.failures == 1) {
        log_.warn("endpoint failed", {{"endpoint", names_[i]}, {"reason", one.last_error}});
    }
}

bool Endpoints::in_retry_after(std::size_t i) const {
    const std::lock_guard lock(mutex_);
    return states_[i].retry_after_until > clock_.steady();
}

void Endpoints::last_was_wrong(const std::exception& what) {
    std::size_t last = 0;
    {
        const std::lock_guard lock(mutex_);
        last = preferred_;
    }
    failed(last, what);
}

std::uint64_t Endpoints::answers() const {
    const std::lock_guard lock(mutex_);
    return answers_;
}

Endpoints::RefusedAnswers Endpoints::refused() const {
    const std::lock_guard lock(mutex_);
    return refused_;
}

void Endpoints::saw_head(std::size_t i, BlockNum head) {
    const std::lock_guard lock(mutex_);
    states_[i].head = head;
    states_[i].head_seen = clock_.steady();
    states_[i].head_at = clock_.now();
}

bool Endpoints::worth_a_probe(std::size_t i) const {
    const std::lock_guard lock(mutex_);
    const auto& one = states_[i];
    return !one.excluded && one.resting_until <= clock_.steady();
}

bool Endpoints::may_have(std::size_t i, BlockNum block) const {
    const std::lock_guard lock(mutex_);
    return !states_[i].head || *states_[i].head >= block;
}

Millis Endpoints::hedge_delay(std::size_t i) const {
    const std::lock_guard lock(mutex_);
    const auto latency = states_[i].latency_ms;
    if (!states_[i].checked) {
        return kUnknownHedgeDelay;
    }
    return std::clamp(Millis(static_cast<std::int64_t>(4 * latency)), kLeastHedgeDelay, kMostHedgeDelay);
}

std::uint64_t Endpoints::window(std::size_t i) const {
    const std::lock_guard lock(mutex_);
    return states_[i].window.size();
}

void Endpoints::range_answered(std::size_t i, std::uint64_t blocks, std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    states_[i].window.answered(blocks, bytes);
    states_[i].refusals = 0;
}

void Endpoints::range_failed(std::size_t i, std::uint64_t blocks) {
    const std::lock_guard lock(mutex_);
    states_[i].window.failed(blocks);
}

void Endpoints::logs_refused(std::size_t i) {
    const std::lock_guard lock(mutex_);
    auto& one = states_[i];
    ++one.refusals;
    one.logs_resting_until = clock_.steady() + kLogsRest;
    if (one.refusals == kRefusalsToBelieve) {
        log_.warn("endpoint refuses eth_getLogs; reading logs from receipts", {{"endpoint", names_[i]}});
    }
}

bool Endpoints::answers_logs(std::size_t i) const {
    const std::lock_guard lock(mutex_);
    return states_[i].refusals < kRefusalsToBelieve || states_[i].logs_resting_until <= clock_.steady();
}

std::vector<EndpointNote> Endpoints::notes() const {
    const std::lock_guard lock(mutex_);
    const auto now = clock_.steady();
    std::vector<EndpointNote> out;
    for (std::size_t i = 0; i < states_.size(); ++i) {
        const auto& one = states_[i];
        EndpointNote note;
        note.id = ids_[i];
        note.name = names_[i];
        note.state = one.excluded              ? EndpointNote::State::kExcluded
                     : one.resting_until > now ? EndpointNote::State::kResting
                     : one.checked             ? EndpointNote::State::kGood
                                               : EndpointNote::State::kUnknown;
        note.last_error = one.last_error;
        note.max_range = one.window.limit();
        note.answers_logs = one.refusals < kRefusalsToBelieve;
        note.head = one.head;
        if (one.head) {
            note.head_at = one.head_at;
        }
        out.push_back(std::move(note));
    }
    return out;
}

void Endpoints::recall(const std::vector<EndpointNote>& notes) {
    const std::lock_guard lock(mutex_);
    for (const auto& note : notes) {
        const auto found = std::find(ids_.begin(), ids_.end(), note.id);
        if (found == ids_.end()) {
            continue;
        }
        auto& one = states_[static_cast<std::size_t>(found - ids_.begin())];
        if (note.max_range > 0) {
            one.window.recall(note.max_range);
        }
        // One refusal confirms the stored state, one answer clears it.
        one.refusals = note.answers_logs ? 0 : kRefusalsToBelieve - 1;
    }
}

void Endpoints::throw_no_endpoint(const std::exception_ptr& last) const {
    const std::lock_guard lock(mutex_);
    // An endpoint whose chain is not known yet may be the right one.
    if (std::all_of(states_.begin(), states_.end(), [](const auto& one) { return one.excluded; })) {
        throw ConfigContradiction("every endpoint is on another chain than " +
                                  std::to_string(chain_ ? chain_->value : 0));
    }
    if (last) {
        std::rethrow_exception(last);
    }
    const auto now = clock_.steady();
    std::optional<Millis> shortest;
    for (const auto& one : states_) {
        if (!one.excluded && one.retry_after_until > now) {
            const auto left = std::chrono::ceil<std::chrono::seconds>(one.retry_after_until - now);
            shortest = shortest ? std::min<Millis>(*shortest, left) : Millis(left);
        }
    }
    throw net::TransportError(
        net::TransportError::Kind::kConnect,
        shortest ? "every endpoint asked for a pause (Retry-After); retry in " + lamda::to_string(*shortest)
                 : "no endpoint is usable");
}

}  // namespace lamda::rpcpool
