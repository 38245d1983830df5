#include "chaos/scenario.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "core/duration.hpp"

namespace lamda::chaos {

namespace {

using simulator::EndpointPlan;
using simulator::Fault;
using simulator::LimitStyle;

class Dice {
  public:
    explicit Dice(std::uint64_t seed) : random_(seed) {}
    std::uint64_t from_to(std::uint64_t least, std::uint64_t most) {
        return least + random_() % (most - least + 1);
    }
    /// True in `per_cent` of all cases.
    bool in(std::uint64_t per_cent) { return random_() % 100 < per_cent; }
    template <class T>
    T one_of(std::initializer_list<T> items) {
        return *(items.begin() + random_() % items.size());
    }
    double share(std::uint64_t least, std::uint64_t most) {
        return static_cast<double>(from_to(least, most)) / 100;
    }

  private:
    std::mt19937_64 random_;
};

struct Refusal {
    std::int64_t code;
    const char* text;
};

void limit(Dice& dice, EndpointPlan& plan) {
    // Observed in practice; the reader must not depend on the texts.
    const auto refusal = dice.one_of<Refusal>({
        {-32005, "query returned more than 10000 results. Try with this block range [0x1, 0x2]."},
        {-32005, "limit exceeded"},
        {-32000, "exceed maximum block range: 50000"},
        {-32602, "eth_getLogs is limited to a 10,000 range"},
        {-32603, "Internal error"},
        {-32600, "Log response size exceeded."},
        {35, "ranges over 10000 blocks are not supported on freetier"},
        {0, ""},
    });
    plan.limit_code = refusal.code;
    plan.limit_text = refusal.text;
    plan.limit_style =
        dice.one_of({LimitStyle::kError, LimitStyle::kError, LimitStyle::kError, LimitStyle::kPayloadTooLarge,
                     LimitStyle::kBadRequest, LimitStyle::kHang, LimitStyle::kCut});
    if (dice.in(60)) {
        plan.range_limit = dice.one_of<std::uint64_t>({1, 7, 10, 50, 100, 500});
    }
    // With a timeout for each attempt to read more than one block, a chain cannot be read.
    if (plan.range_limit == 1 && plan.limit_style == LimitStyle::kHang) {
        plan.range_limit = 50;
    }
    if (dice.in(30)) {
        plan.result_limit = dice.from_to(15, 60);
    }
    if (dice.in(20)) {
        plan.bytes_per_log = 500U << 10;
    }
}

void episodes(Dice& dice, EndpointPlan& plan, Fault fault, Millis until) {
    const auto whole = static_cast<std::uint64_t>(until.count());
    for (auto n = dice.from_to(1, 3); n > 0; --n) {
        const auto from = dice.from_to(0, whole);
        plan.episodes.push_back({fault, Millis(from), Millis(from + dice.from_to(200, whole / 2 + 500)),
                                 dice.one_of({1.0, 1.0, 0.7, 0.3})});
    }
}

/// Nodes that are not up to date: behind a load balancer for some calls, a single node for a while.
void other_node(Dice& dice, EndpointPlan& plan, Fault fault, Millis until) {
    if (plan.balanced) {
        plan.rates[fault] = dice.one_of({0.7, 0.3, 0.1});
        return;
    }
    episodes(dice, plan, fault, until);
    for (auto& episode : plan.episodes) {
        episode.share = episode.fault == fault ? 1 : episode.share;
    }
}

/// Adds one kind of fault.
void add_fault(Dice& dice, EndpointPlan& plan, Millis until) {
    switch (dice.from_to(0, 13)) {
        case 0:
            for (const auto fault : {Fault::kRefused, Fault::kHang, Fault::kTooMany, Fault::kServerError,
                                     Fault::kCut, Fault::kGarbage, Fault::kSlow}) {
                if (dice.in(50)) {
                    plan.rates[fault] = dice.share(1, fault == Fault::kHang ? 4 : 15);
                }
            }
            break;
        case 1:
            episodes(dice, plan, dice.one_of({Fault::kRefused, Fault::kServerError, Fault::kCut}), until);
            break;
        case 2:
            episodes(dice, plan, dice.one_of({Fault::kHang, Fault::kSlow}), until);
            break;
        case 3:
            episodes(dice, plan, Fault::kTooMany, until);
            if (dice.in(70)) {
                plan.retry_after = Millis(1'000 * dice.from_to(1, 5));
            }
            break;
        case 4:
            episodes(dice, plan, Fault::kGarbage, until);
            break;
        case 5:
            plan.lag = dice.from_to(1, 60);
            other_node(dice, plan, Fault::kLag, until);
            break;
        case 6:
            other_node(dice, plan, Fault::kStaleFork, until);
            break;
        case 7:
            plan.rates[Fault::kForgotten] = dice.share(1, 20);
            break;
        case 8:
            episodes(dice, plan, Fault::kNoFinalized, until);
            break;
        case 9:
            episodes(dice, plan, Fault::kStaleFinalized, until);
            break;
        case 10:
            plan.rates[Fault::kFinalizedBehind] = dice.one_of({1.0, 0.5, 0.1});
            break;
        case 11:
            plan.rates[Fault::kOwnTrouble] = dice.share(1, 20);
            if (dice.in(50)) {
                episodes(dice, plan, Fault::kOwnTrouble, until);
            }
            break;
        default:
            limit(dice, plan);
    }
}

EndpointPlan endpoint(Dice& dice, std::size_t number, Millis until) {
    EndpointPlan plan;
    plan.url = fmt::format("http://node{}.example/key", number);
    plan.latency = Millis(dice.one_of({2, 5, 10, 30}));
    plan.jitter = Millis(dice.from_to(0, 20));
    plan.balanced = dice.in(40);
    plan.empty_when_lacking = dice.in(70);
    for (auto n = dice.from_to(0, 3); n > 0; --n) {
        add_fault(dice, plan, until);
    }
    if (dice.in(15)) {
        plan.no_logs = true;
    } else if (dice.in(15)) {
        plan.no_receipts = true;
    }
    return plan;
}

/// The endpoint that is honest after `until`; before that it has faults as well.
EndpointPlan honest(Dice& dice, std::size_t number, Millis until) {
    auto plan = endpoint(dice, number, until);
    plan.healthy_from = until;
    return plan;
}

EndpointPlan another(Dice& dice, std::size_t number, Millis until, bool long_chain) {
    auto plan = endpoint(dice, number, until * 4);
    if (dice.in(10)) {
        plan.chain = ChainId{56};
    } else if (dice.in(10) && !plan.balanced && long_chain) {
        plan.rates[Fault::kLag] = 1;  // far behind, for a long time
        plan.lag = dice.from_to(130, 400);
    }
    if (dice.in(60)) {
        plan.healthy_from = until;
    }
    return plan;
}

void choose_chain(Dice& dice, Scenario& out) {
    auto& miner = out.miner;
    miner.seed = dice.from_to(0, ~0ULL - 1);
    miner.contract = *Address::parse("0x1000000000000000000000000000000000000001");
    miner.topic = *Topic::parse("0x" + std::string(64, 'a'));
    miner.interval = Millis(dice.one_of({450, 450, 250}));
    miner.backlog = dice.in(10)   ? dice.from_to(1, 40)
                    : dice.in(10) ? dice.from_to(900, 1'500)
                                  : dice.from_to(120, 600);
    miner.end_height = miner.backlog + dice.from_to(25, 90);
    miner.ours = dice.share(5, 50);
    miner.noise = dice.share(0, 60);
    miner.reorg = dice.in(20) ? 0 : dice.share(2, 15);
    out.finality_depth = dice.one_of<std::uint64_t>({2, 4, 8, 16, 32, 64});
    miner.deepest = std::min<std::uint64_t>(out.finality_depth, 60);
    if (dice.in(40)) {
        miner.deepest = std::min<std::uint64_t>(miner.deepest, 4);
    }
}

void choose_stream(Dice& dice, Scenario& out) {
    auto& stream = out.stream;
    stream.name = "sim:" + std::to_string(out.seed);
    stream.contracts = {out.miner.contract};
    stream.topics = {out.miner.topic};
    stream.chain_id = ChainId{97};
    stream.jitter_seed = static_cast<std::uint32_t>(dice.from_to(0, 0xffffffff));
    stream.verify_receipts = dice.in(15);
    out.miner.contract_since = dice.from_to(0, out.miner.backlog / 2);
    if (dice.in(80)) {
        const auto latest = dice.in(50) ? out.miner.backlog / 2 : out.miner.backlog;
        stream.start_block = BlockNum{dice.from_to(out.miner.contract_since, latest)};
    }
    const auto rule = dice.one_of({"latest", "safe", "finalized", "finalized", "finalized", "10s", "3s"});
    stream.finality = *ingest::parse_finality(rule);
    const bool tagged = stream.finality.kind == ingest::FinalityRule::Kind::kFinalized ||
                        stream.finality.kind == ingest::FinalityRule::Kind::kSafe;
    stream.finality.max_age = Millis(dice.one_of({40'000, 60'000, 600'000}));
    if (tagged && dice.in(30)) {
        stream.finality.fallback = Millis(dice.one_of({15'000, 30'000}));
    }
    // A depth in time is no guarantee of the chain: delivered blocks may still be reorganized.
    stream.only_final = stream.finality.kind == ingest::FinalityRule::Kind::kFinalized && dice.in(40);
    if ((!tagged || stream.finality.fallback) && !stream.only_final && dice.in(15)) {
        out.has_finalized = false;
    }
}

}  // namespace

Scenario make_scenario(std::uint64_t seed) {
    Dice dice(seed * 0x9e3779b97f4a7c15ULL);
    Scenario out;
    out.seed = seed;
    choose_chain(dice, out);
    choose_stream(dice, out);
    const auto until = out.miner.interval * (out.miner.end_height - out.miner.backlog);
    const auto count = dice.one_of<std::size_t>({1, 1, 2, 2, 3, 4});
    const auto honest_one = dice.from_to(0, count - 1);
    for (std::size_t i = 0; i < count; ++i) {
        out.endpoints.push_back(i == honest_one ? honest(dice, i, until)
                                                : another(dice, i, until, out.miner.backlog > 150));
    }
    // The contract is older than the usual lag of nodes, except for those that are far behind.
    const auto age = out.miner.backlog - out.miner.contract_since;
    for (auto& one : out.endpoints) {
        one.lag = one.lag > 100 ? one.lag : std::min(one.lag, std::max<std::uint64_t>(age / 2, 1));
    }
    auto& sure = out.endpoints[honest_one];
    sure.no_receipts = sure.no_receipts && !out.stream.verify_receipts;
    const auto good = std::count_if(out.endpoints.begin(), out.endpoints.end(), [](const auto& one) {
        return one.healthy_from.has_value() && one.chain == ChainId{97};
    });
    out.agreement = good > 1 && dice.in(20) ? 2 : 1;
    out.timeout = Millis(dice.one_of({1'000, 4'000}));
    out.sink_fails = dice.in(40) ? dice.share(1, 10) : 0;
    out.restarts = dice.in(40) ? dice.share(1, 8) : 0;
    out.rivals = dice.in(20) ? dice.share(1, 5) : 0;
    out.violates_finality = out.has_finalized && dice.in(5);
    return out;
}

std::string describe(const Scenario& s) {
    static const char* const kinds[] = {"latest", "safe", "finalized", "depth"};
    auto out = fmt::format(
        "seed {}: blocks each {} ms, {} at the start, quiet from {} on, finality {} deep{}; reorgs in "
        "{}% of "
        "blocks, up to {} deep{}\n"
        "  stream: from block {}{}, {}{}{}, max age {}{}\n"
        "  sink: {}% of writes fail, {}% restart the stream, {}% are by another writer\n",
        s.seed, s.miner.interval.count(), s.miner.backlog, s.miner.end_height, s.finality_depth,
        s.has_finalized ? "" : " (no tag)", s.miner.reorg * 100, s.miner.deepest,
        s.violates_finality ? ", and one below finality" : "", s.first_block().value,
        s.stream.start_block ? "" : " (found by the stream)", kinds[static_cast<int>(s.stream.finality.kind)],
        s.stream.finality.kind == ingest::FinalityRule::Kind::kDepth
            ? " " + to_string(s.stream.finality.depth)
            : "",
        s.stream.only_final ? ", only what is final" : "", to_string(s.stream.finality.max_age),
        s.stream.verify_receipts ? ", receipts verified" : "", s.sink_fails * 100, s.restarts * 100,
        s.rivals * 100);
    out +=
        s.agreement > 1 ? fmt::format("  {} endpoints must agree on the finalized block\n", s.agreement) : "";
    for (const auto& endpoint : s.endpoints) {
        out += "  " + simulator::describe(endpoint) + "\n";
    }
    return out;
}

}  // namespace lamda::chaos
