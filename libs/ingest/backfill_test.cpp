// Backfill: reads windows ahead and delivers them in order, under any limits of the endpoints.
#include "ingest/backfill.hpp"

#include <catch2/catch.hpp>
#include <set>

#include "simulator/simulated_network.hpp"

using namespace lamda;
using namespace lamda::ingest;
using simulator::EndpointPlan;
using simulator::Fault;

namespace {

const Address kContract = *Address::parse("0x1000000000000000000000000000000000000001");
const Topic kTopic = *Topic::parse("0x" + std::string(64, 'a'));

/// Transport that forges one endpoint's headers: their bloom says that the block has no logs, under the
/// block's real hash.
class Forging final : public net::Transport {
  public:
    Forging(net::Transport& honest, std::string liar) : honest_(honest), liar_(std::move(liar)) {}
    net::HttpResponse send(const net::HttpRequest& request) override {
        auto response = honest_.send(request);
        if (request.url == liar_) {
            forge(response.body);
        }
        return response;
    }
    std::unique_ptr<net::Exchanges> exchanges() override {
        return std::make_unique<Forged>(honest_.exchanges(), liar_);
    }

  private:
    static void forge(std::string& body) {
        const auto header = body.find("\"sha3Uncles\"");
        const std::string_view name = "\"logsBloom\":\"0x";
        const auto bloom = body.find(name);
        if (header != std::string::npos && bloom != std::string::npos) {
            body.replace(bloom + name.size(), 512, 512, '0');
        }
    }
    struct Forged final : net::Exchanges {
        Forged(std::unique_ptr<net::Exchanges> honest, std::string url)
            : exchanges(std::move(honest)), liar(std::move(url)) {}
        Id start(net::HttpRequest request) override {
            const bool lies = request.url == liar;
            const auto id = exchanges->start(std::move(request));
            if (lies) {
                lied.insert(id);
            }
            return id;
        }
        std::optional<Ended> next(Steady deadline) override {
            auto ended = exchanges->next(deadline);
            if (ended && ended->response && lied.erase(ended->id) > 0) {
                forge(ended->response->body);
            }
            return ended;
        }
        void cancel(Id id) override { exchanges->cancel(id); }
        std::unique_ptr<net::Exchanges> exchanges;
        std::string liar;
        std::set<Id> lied;
    };
    net::Transport& honest_;
    std::string liar_;
};

struct World {
    FakeClock clock{*parse_rfc3339("2026-11-20T10:00:00Z")};
    simulator::ScriptedChain chain{1, clock};
    simulator::SimulatedNetwork network;
    Forging forging;
    rpcpool::MultiRpc rpc;
    std::vector<eth::Log> read;
    std::optional<BlockRef> at;

    static EndpointPlan plan(const std::string& name) {
        EndpointPlan out;
        out.url = "http://" + name + "/";
        out.latency = Millis(100);
        out.jitter = Millis(0);
        return out;
    }
    explicit World(int blocks, std::vector<EndpointPlan> plans = {plan("one")}, const std::string& liar = "")
        : network(clock, chain, 1, std::move(plans)),
          forging(network, liar),
          rpc({.urls = network.urls(), .chain = ChainId{97}, .timeout = Millis(2'000), .jitter_seed = 1},
              clock, telemetry::Log::none(), forging) {
        for (int i = 0; i < blocks; ++i) {
            clock.advance(Millis(450));
            std::vector<eth::Log> logs(static_cast<std::size_t>(i % 3));
            for (auto& log : logs) {
                log.address = kContract;
                log.topics = {kTopic};
            }
            chain.mine(std::move(logs));
        }
        rpc.chain_id();
        for (int i = 0; i < 3; ++i) {  // until every endpoint's chain id is known
            rpc.probe();
            clock.advance(Millis(6'000));
        }
        rpc.probe();
    }
    EndpointPlan& at_url(std::size_t i) { return network.plan(network.urls()[i]); }
    Backfill backfill(bool verify = false) {
        eth::LogFilter filter;
        filter.addresses = {kContract};
        filter.topic0 = {kTopic};
        return Backfill(rpc, filter, clock, verify);
    }
    /// Reads all blocks up to `to`, in order and without gaps.
    void read_all(Backfill& backfill, BlockNum to) {
        auto next = at ? at->number.next() : BlockNum{0};
        while (next <= to) {
            auto got = backfill.next(at, next, to);
            if (got.waiting) {
                continue;
            }
            REQUIRE_FALSE(got.fork);
            REQUIRE_FALSE(got.headers.empty());
            REQUIRE(got.headers.back().ref.number >= next);
            read.insert(read.end(), got.logs.begin(), got.logs.end());
            at = got.headers.back().ref;
            next = at->number.next();
        }
    }
    bool right(BlockNum to) const {
        auto wanted = chain.canonical_logs(kContract);
        std::erase_if(wanted, [&](const auto& log) { return log.block_num > to; });
        return read == wanted;
    }
};

}  // namespace

TEST_CASE("a backfill reads every log once, in order, several windows at a time") {
    World world(2'000);
    auto backfill = world.backfill();
    const auto before = world.clock.steady();
    world.read_all(backfill, BlockNum{1'900});
    CHECK(world.right(BlockNum{1'900}));
    const auto took = std::chrono::duration_cast<Millis>(world.clock.steady() - before);
    // In sequence, with 100 ms for each call, this would take more than two minutes.
    CHECK(took < Millis(20'000));
}

TEST_CASE("a backfill learns the range limit of each endpoint, whatever the error") {
    using simulator::LimitStyle;
    const auto style = GENERATE(LimitStyle::kError, LimitStyle::kPayloadTooLarge, LimitStyle::kBadRequest,
                                LimitStyle::kHang, LimitStyle::kCut);
    World world(600);
    world.at_url(0).range_limit = 7;
    world.at_url(0).limit_style = style;
    world.at_url(0).limit_text = "something went wrong";
    auto backfill = world.backfill();
    world.read_all(backfill, BlockNum{500});
    CHECK(world.right(BlockNum{500}));
    CHECK(world.rpc.endpoints().notes()[0].max_range <= 8);
    CHECK(world.rpc.endpoints().notes()[0].max_range >= 1);
}

TEST_CASE("answers above 8 MiB are read in smaller pieces") {
    World world(300);
    world.at_url(0).bytes_per_log = 1U << 20;
    auto backfill = world.backfill();
    world.read_all(backfill, BlockNum{250});
    CHECK(world.right(BlockNum{250}));
}

TEST_CASE("when one endpoint hangs or is unreachable, another continues") {
    const auto fault = GENERATE(Fault::kHang, Fault::kRefused, Fault::kCut, Fault::kServerError);
    World world(1'000, {World::plan("one"), World::plan("two")});
    auto backfill = world.backfill();
    world.read_all(backfill, BlockNum{100});
    world.at_url(0).rates[fault] = 1;
    world.read_all(backfill, BlockNum{900});
    CHECK(world.right(BlockNum{900}));
}

TEST_CASE("an empty answer is accepted when confirmed, and not from a node that lacks the blocks") {
    World world(800, {World::plan("one"), World::plan("two")});
    world.at_url(0).lag = 700;
    world.at_url(0).rates[Fault::kLag] = 1;
    auto backfill = world.backfill();
    world.read_all(backfill, BlockNum{700});
    CHECK(world.right(BlockNum{700}));
}

TEST_CASE("only the headers that a node behind an address lacks are requested again") {
    World world(1'000);
    world.at_url(0).balanced = true;
    world.at_url(0).empty_when_lacking = false;
    world.at_url(0).rates[Fault::kForgotten] = 0.1;
    auto backfill = world.backfill();
    world.read_all(backfill, BlockNum{900});
    CHECK(world.right(BlockNum{900}));
}

TEST_CASE("if no endpoint answers eth_getLogs, receipts are read, unless there are too many blocks") {
    World world(400);
    world.at_url(0).no_logs = true;
    auto backfill = world.backfill();
    for (int i = 0; i < 10 && world.rpc.endpoints().answers_logs(0); ++i) {
        try {
            backfill.next(world.at, BlockNum{0}, BlockNum{300});
        } catch (const eth::RpcError&) {
            continue;
        }
    }
    CHECK_FALSE(world.rpc.endpoints().answers_logs(0));
    CHECK_THROWS_WITH(backfill.next(world.at, BlockNum{0}, BlockNum{Backfill::kMostByReceipts}),
                      Catch::Contains("add an endpoint that answers eth_getLogs"));
    world.read_all(backfill, BlockNum{300});
    CHECK(world.right(BlockNum{300}));
}

TEST_CASE("with verification all logs are read from receipts, and correct ones are accepted") {
    World world(300);
    auto backfill = world.backfill(true);
    world.read_all(backfill, BlockNum{250});
    CHECK(world.right(BlockNum{250}));
}

TEST_CASE("blocks that do not follow the cursor are reported as a fork") {
    World world(300);
    auto backfill = world.backfill();
    world.read_all(backfill, BlockNum{50});
    auto elsewhere = *world.at;
    elsewhere.hash = random_bytes32().as<BlockHash>();
    BlocksRead got;
    do {
        got = backfill.next(elsewhere, BlockNum{51}, BlockNum{200});
    } while (got.waiting);
    CHECK(got.fork);
    CHECK(got.headers.empty());
}

TEST_CASE("a stalled backfill throws the reason") {
    World world(300);
    auto backfill = world.backfill();
    world.read_all(backfill, BlockNum{50});
    world.at_url(0).rates[Fault::kRefused] = 1;
    const auto insist = [&] {
        for (int i = 0; i < 50; ++i) {
            backfill.next(world.at, world.at->number.next(), BlockNum{250});
        }
    };
    CHECK_THROWS_AS(insist(), net::TransportError);
    world.at_url(0).rates.clear();
    world.clock.advance(Millis(120'000));
    world.read_all(backfill, BlockNum{250});
    CHECK(world.right(BlockNum{250}));
}

TEST_CASE(
    "Sceptical: events that a forged bloom hides are found at another endpoint, as headers are verified") {
    World world(600, {World::plan("liar"), World::plan("honest")}, "http://liar/");
    auto backfill = world.backfill(true);
    world.read_all(backfill, BlockNum{500});
    CHECK(world.right(BlockNum{500}));
    CHECK(world.rpc.endpoints().refused().headers > 0);
    CHECK(world.rpc.endpoints().refused().receipts == 0);
}

TEST_CASE("Sceptical: forged headers of the only endpoint are refused, and the reason is thrown") {
    World world(600, {World::plan("liar")}, "http://liar/");
    auto backfill = world.backfill(true);
    CHECK_THROWS_AS(world.read_all(backfill, BlockNum{500}), eth::WrongHeader);
    CHECK(world.read.empty());
}

TEST_CASE("a backfill makes no call to an endpoint before the time in its Retry-After") {
    World world(600, {World::plan("one"), World::plan("two")});
    world.at_url(0).retry_after = Millis(3'000);
    auto backfill = world.backfill(true);  // many small calls in flight at once
    world.read_all(backfill, BlockNum{100});
    world.at_url(0).rates[Fault::kTooMany] = 0.05;
    world.read_all(backfill, BlockNum{400});
    world.at_url(0).rates.clear();
    world.read_all(backfill, BlockNum{500});
    CHECK(world.right(BlockNum{500}));
    CHECK(world.network.counts()[Fault::kTooMany] > 0);
    CHECK(world.network.impatient_calls() == 0);
}
