// Faults of an endpoint, and their times.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.hpp"
#include "core/ids.hpp"
#include "simulator/liar.hpp"

namespace lamda::simulator {

enum class Fault {
    // No answer, or none that can be read: at most one of these strikes a call.
    kRefused,      ///< no connection
    kHang,         ///< no answer until the request's timeout
    kTooMany,      ///< HTTP 429
    kServerError,  ///< HTTP 500, 502, 503, 504
    kCut,          ///< the connection ends within the answer
    kGarbage,      ///< HTML, half a JSON text, another request's id, another shape
    // A late answer, or an answer of a node that is not up to date.
    kSlow,             ///< an answer after a multiple of the usual latency
    kLag,              ///< the answering node is some blocks behind
    kStaleFork,        ///< the node has not seen the last reorg
    kForgotten,        ///< the node does not find a block that it had
    kNoFinalized,      ///< the node lacks the tags `safe` and `finalized`
    kStaleFinalized,   ///< the node's `finalized` is stalled
    kFinalizedBehind,  ///< the node's `finalized` is one block below that of others
    kOwnTrouble,       ///< an error object under HTTP 200 about the node's state; in a batch for some calls
    // Traits: properties of the endpoint, not drawn at random.
    kRangeLimit,   ///< eth_getLogs over too many blocks
    kResultLimit,  ///< eth_getLogs with too many results
    kTooLarge,     ///< an answer above the request's limit
    kNoLogs,       ///< eth_getLogs is refused
    kNoReceipts,   ///< eth_getBlockReceipts is refused
    kFalseEmpty,   ///< an empty answer for a block that the node lacks
    kWrongChain,   ///< another chain
};
constexpr std::size_t kFaults = 21;
constexpr std::size_t kRandomFaults = 14;  ///< the first ones: those with rates and episodes
std::string_view to_string(Fault fault);

/// Number of calls that each fault struck.
struct FaultCounts {
    std::array<std::uint64_t, kFaults> of{};
    std::uint64_t& operator[](Fault fault) { return of.at(static_cast<std::size_t>(fault)); }
    std::uint64_t operator[](Fault fault) const { return of.at(static_cast<std::size_t>(fault)); }
};

/// A time of faults, counted from the network's start.
struct Episode {
    Fault fault = Fault::kRefused;
    Millis from{0};
    Millis to{0};
    double share = 1;  ///< of the calls in that time
};

/// Form in which an eth_getLogs above a limit is refused.
enum class LimitStyle { kError, kPayloadTooLarge, kBadRequest, kHang, kCut };

struct EndpointPlan {
    std::string url;
    ChainId chain{97};  ///< other than the network's: a node of another chain, with other blocks
    Millis latency{20};
    Millis jitter{10};

    /// Share of calls that a fault strikes, and episodes; both end at `healthy_from`.
    std::map<Fault, double> rates;
    std::vector<Episode> episodes;
    std::optional<Millis> healthy_from;

    /// True: a load balancer, where each call may reach another node: kLag is any number of blocks up to
    /// `lag`, and some nodes have not seen a reorg for a while. False: a single node, which stalls until it
    /// lags by `lag` blocks, and stays on its fork until kStaleFork ends. Both then need a share of 1.
    bool balanced = false;
    std::uint64_t lag = 8;              ///< most blocks behind, if kLag strikes
    std::optional<Millis> retry_after;  ///< sent with 429, and enforced; whole seconds
    bool empty_when_lacking = true;     ///< empty answers for blocks that it lacks; else an error
    std::uint64_t range_limit = 0;      ///< blocks in one eth_getLogs; 0: any
    std::uint64_t result_limit = 0;     ///< logs in one answer; 0: any
    std::int64_t limit_code = -32005;   ///< of the refusal
    std::string limit_text = "query returned more than 10000 results";
    LimitStyle limit_style = LimitStyle::kError;
    std::uint64_t pruned_below = 0;        ///< older blocks have headers only: no logs, no receipts; 0: none
    std::uint64_t state_pruned_below = 0;  ///< code and calls at older blocks fail: `missing trie node`
    std::uint64_t hashes_forgotten_below = 0;  ///< older transactions are not found by hash
    /// Methods that are answered with an error object about the node's state, under HTTP 200.
    struct OwnTrouble {
        std::int64_t code = -32000;
        std::string text;  ///< "missing trie node …"
    };
    std::map<std::string, OwnTrouble> troubles;
    std::optional<Lies> lies;
    std::optional<Bytes> call_result;  ///< result of every eth_call; absent: the chain's
    /// Result of eth_call at blocks below `first`.
    struct EarlierResult {
        std::uint64_t first = 0;
        Bytes result;
    };
    std::optional<EarlierResult> earlier_call_result;
    bool no_logs = false;
    bool no_receipts = false;
    std::size_t bytes_per_log = 0;  ///< padding of each log in the answer, in bytes
};
/// The plan in one line, for log output.
std::string describe(const EndpointPlan& plan);

}  // namespace lamda::simulator
