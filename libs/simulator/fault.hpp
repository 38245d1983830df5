// What can be wrong with an endpoint, and when it is.
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
    kHang,         ///< nothing comes until the request's time-out
    kTooMany,      ///< HTTP 429
    kServerError,  ///< HTTP 500, 502, 503, 504
    kCut,          ///< the connection ends within the answer
    kGarbage,      ///< HTML, half a JSON text, another request's id, another shape
    // An answer that is late, or of a node that is not up to date.
    kSlow,             ///< an answer, after several times the usual latency
    kLag,              ///< the node that answers is some blocks behind
    kStaleFork,        ///< it has not seen the last reorg
    kForgotten,        ///< it does not find a block that it had
    kNoFinalized,      ///< it does not know the tags `safe` and `finalized`
    kStaleFinalized,   ///< its `finalized` stands still
    kFinalizedBehind,  ///< its `finalized` is one block below that of others
    kOwnTrouble,  ///< an error object under HTTP 200 that tells of the node alone; in a batch for some calls
    // What the endpoint is like, as long as it is: these are traits, and need no dice.
    kRangeLimit,   ///< eth_getLogs over too many blocks
    kResultLimit,  ///< eth_getLogs with too many results
    kTooLarge,     ///< an answer over what the request allows
    kNoLogs,       ///< eth_getLogs is refused
    kNoReceipts,   ///< eth_getBlockReceipts is refused
    kFalseEmpty,   ///< "no logs" of a block that the node does not have
    kWrongChain,   ///< another chain
};
constexpr std::size_t kFaults = 21;
constexpr std::size_t kRandomFaults = 14;  ///< the first ones: those that rates and episodes are for
std::string_view to_string(Fault fault);

/// How often each fault struck a call.
struct FaultCounts {
    std::array<std::uint64_t, kFaults> of{};
    std::uint64_t& operator[](Fault fault) { return of.at(static_cast<std::size_t>(fault)); }
    std::uint64_t operator[](Fault fault) const { return of.at(static_cast<std::size_t>(fault)); }
};

/// Times are counted from the network's start.
struct Episode {
    Fault fault = Fault::kRefused;
    Millis from{0};
    Millis to{0};
    double share = 1;  ///< of the calls in that time
};

/// In which form an eth_getLogs is refused that asks for too much.
enum class LimitStyle { kError, kPayloadTooLarge, kBadRequest, kHang, kCut };

struct EndpointPlan {
    std::string url;
    ChainId chain{97};  ///< other than the network's: another chain, with other blocks
    Millis latency{20};
    Millis jitter{10};

    /// Share of calls that a fault strikes, and times of trouble; both end at `healthy_from`.
    std::map<Fault, double> rates;
    std::vector<Episode> episodes;
    std::optional<Millis> healthy_from;

    /// Behind a load balancer each call may reach another node: kLag is then any number of blocks up to
    /// `lag`, and some have not seen a reorg for a while. Else there is one node: it stands still until it
    /// lags by `lag` blocks, and stays on its fork until kStaleFork ends. Both then want a share of 1.
    bool balanced = false;
    std::uint64_t lag = 8;              ///< most blocks behind, when kLag strikes
    std::optional<Millis> retry_after;  ///< said with 429, and meant; whole seconds
    bool empty_when_lacking = true;     ///< "no logs" of blocks that it lacks; else an error
    std::uint64_t range_limit = 0;      ///< blocks in one eth_getLogs; 0: any
    std::uint64_t result_limit = 0;     ///< logs in one answer; 0: any
    std::int64_t limit_code = -32005;   ///< of the refusal
    std::string limit_text = "query returned more than 10000 results";
    LimitStyle limit_style = LimitStyle::kError;
    std::uint64_t pruned_below =
        0;  ///< headers alone are kept of older blocks: no logs, no receipts; 0: all is
    std::uint64_t state_pruned_below = 0;      ///< code and calls at older blocks: `missing trie node`
    std::uint64_t hashes_forgotten_below = 0;  ///< transactions of older blocks are not found by their hash
    /// Methods that are answered with an error object under HTTP 200, of the node's own trouble.
    struct OwnTrouble {
        std::int64_t code = -32000;
        std::string text;  ///< "missing trie node …"
    };
    std::map<std::string, OwnTrouble> troubles;
    std::optional<Lies> lies;
    std::optional<Bytes> call_result;  ///< of every eth_call; absent: the chain's
    /// The result at an older block, below `first`, instead of that.
    struct EarlierResult {
        std::uint64_t first = 0;
        Bytes result;
    };
    std::optional<EarlierResult> earlier_call_result;
    bool no_logs = false;
    bool no_receipts = false;
    std::size_t bytes_per_log = 0;  ///< each log counts as so many more bytes of the answer
};
/// One line, for people.
std::string describe(const EndpointPlan& plan);

}  // namespace lamda::simulator
