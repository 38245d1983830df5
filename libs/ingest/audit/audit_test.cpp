// Audit: rows are compared with proofs from endpoints, and with nothing else.
#include "ingest/audit/audit.hpp"

#include <catch2/catch.hpp>

#include "ingest/proof/proven_logs.hpp"
#include "ingest/testing/stream_world.hpp"

using namespace lamda;
using namespace lamda::ingest;

namespace {

/// Rows in memory: those of a MemorySink.
class RowsUnderAudit final : public AuditSink {
  public:
    RowsUnderAudit(MemorySink& sink, BlockNum& final) : sink_(sink), final_(final) {}
    std::optional<AuditState> state() override {
        return sink_.at ? std::optional(AuditState{ChainId{97}, std::min(final_, sink_.at->number), upto})
                        : std::nullopt;
    }
    Differences compare(const RangeSnapshot& again) override {
        Differences out;
        const auto ours = rows(again);
        for (const auto& log : ours) {
            note(out, again.blocks.logs, log);
        }
        for (const auto& log : again.blocks.logs) {
            note(out, ours, log);
        }
        return out;
    }
    Repaired repair(const RangeSnapshot& again) override {
        const auto before = compare(again);
        std::erase_if(sink_.rows, [&](const auto& log) {
            return log.block_num >= again.first && log.block_num <= again.blocks.to.number;
        });
        sink_.rows.insert(sink_.rows.end(), again.blocks.logs.begin(), again.blocks.logs.end());
        std::sort(sink_.rows.begin(), sink_.rows.end(), [](const auto& a, const auto& b) {
            return std::pair(a.block_num, a.log_index) < std::pair(b.block_num, b.log_index);
        });
        ++repairs;
        return {before.logs, {}};
    }
    void passed(BlockNum first, BlockNum last, const AuditOutcome& outcome) override {
        REQUIRE((upto ? upto->next() == first : first == BlockNum{0}));
        upto = last;
        unsettled += outcome.unsettled;
        last_error = outcome.unsettled > 0 ? outcome.last_error : last_error;
    }

    std::optional<BlockNum> upto;
    std::size_t repairs = 0;
    std::size_t unsettled = 0;
    std::string last_error;

  private:
    std::vector<eth::Log> rows(const RangeSnapshot& again) const {
        std::vector<eth::Log> out;
        for (const auto& log : sink_.rows) {
            if (log.block_num >= again.first && log.block_num <= again.blocks.to.number) {
                out.push_back(log);
            }
        }
        return out;
    }
    static void note(Differences& out, const std::vector<eth::Log>& in, const eth::Log& log) {
        if (std::find(in.begin(), in.end(), log) == in.end()) {
            out.blocks.insert(log.block_num);
            ++out.logs;
        }
    }
    MemorySink& sink_;
    BlockNum& final_;
};

struct AuditedWorld : World {
    BlockNum final;
    RowsUnderAudit rows{sink, final};
    std::unique_ptr<Audit> audit;

    explicit AuditedWorld(std::vector<EndpointPlan> plans) : World(3, std::move(plans)) {
        config.chain_id = ChainId{97};
        for (int i = 0; i < 300; ++i) {
            mine_random();
        }
        settle();
        final = BlockNum{chain.height() - 40};
        audit = std::make_unique<Audit>(config, Millis(1'000), *rpc, rows, clock, log, metrics);
    }
    Audit::Step step() { return audit->step({}); }
    void audit_all() {
        for (int i = 0; i < 1'000; ++i) {
            if (step() == Audit::Step::kNothing) {
                return;
            }
            clock.advance(Millis(70'000));  // every back-off is over
        }
        FAIL("the audit does not end");
    }
    std::size_t lose(std::size_t every) {
        std::size_t n = 0;
        std::size_t lost = 0;
        std::erase_if(sink.rows, [&](const auto& row) {
            const bool gone = row.block_num <= final && ++n % every == 0;
            lost += gone ? 1 : 0;
            return gone;
        });
        return lost;
    }
    std::string differs() { return difference(sink.at->number.value); }
};

BlockView view(const char* name, std::uint8_t hash, bool by_root, std::size_t logs = 1) {
    BlockView out;
    out.endpoint = name;
    out.header.ref = {BlockNum{7}, {}};
    out.header.ref.hash.array()[0] = hash;
    out.logs.resize(logs);
    out.by_root = by_root;
    return out;
}

}  // namespace

TEST_CASE("an audit compares every final block once") {
    AuditedWorld world({World::endpoint("one"), World::endpoint("two")});
    world.audit_all();
    CHECK(world.rows.upto == world.final);
    CHECK(world.rows.repairs == 0);
    CHECK(world.rows.unsettled == 0);
    const auto calls = world.network.calls();
    CHECK(world.step() == Audit::Step::kNothing);
    CHECK(world.network.calls() == calls);
    world.final = world.final + 10;
    CHECK(world.step() == Audit::Step::kSwept);
    CHECK(world.rows.upto == world.final);
}

TEST_CASE("an audit reads from another endpoint than the stream") {
    AuditedWorld world({World::endpoint("one"), World::endpoint("two")});
    const auto stream = world.network.urls()[world.rpc->endpoints().candidates().front()];
    const auto before = world.network.calls(stream);
    world.audit_all();
    CHECK(world.network.calls(stream) == before);
}

TEST_CASE("Sceptical: missing and surplus rows are repaired") {
    const bool receipts = GENERATE(true, false);
    auto one = World::endpoint("one");
    auto two = World::endpoint("two");
    one.no_receipts = two.no_receipts = !receipts;
    AuditedWorld world({one, two});
    const auto lost = world.lose(7);
    REQUIRE(lost > 3);
    auto forged = world.sink.rows.front();
    forged.log_index += 1'000;
    world.sink.rows.push_back(forged);
    world.audit_all();
    CHECK(world.differs().empty());
    CHECK(world.rows.repairs > 0);
    CHECK(world.rows.unsettled == 0);
}

TEST_CASE("Sceptical: endpoints that have pruned the logs of old blocks cause no deletion") {
    auto one = World::endpoint("one");
    auto two = World::endpoint("two");
    AuditedWorld world({one, two});
    for (const auto& url : world.network.urls()) {
        world.network.plan(url).pruned_below = 200;
    }
    world.audit_all();
    CHECK(world.differs().empty());
    CHECK(world.rows.repairs == 0);
    CHECK(world.rows.unsettled > 0);
    CHECK(world.rows.last_error.find("prove") != std::string::npos);
}

TEST_CASE("Sceptical: rows that an endpoint hid from the stream are found at another one") {
    auto one = World::endpoint("one");
    one.pruned_below = 100;
    AuditedWorld world({one});  // the stream accepted an answer that was given twice
    REQUIRE_FALSE(world.differs().empty());
    world.network.plan(world.network.urls()[0]).pruned_below = 0;
    world.audit_all();
    CHECK(world.differs().empty());
}

TEST_CASE("a difference waits for the endpoint that can prove, which is unreachable for a minute") {
    auto one = World::endpoint("one");
    auto two = World::endpoint("two");
    two.no_receipts = true;
    AuditedWorld world({one, two});
    const bool refused = GENERATE(true, false);
    auto& able = world.network.plan(world.network.urls()[0]);
    able.rates[refused ? Fault::kRefused : Fault::kTooMany] = 1;
    REQUIRE(world.lose(7) > 3);
    for (int i = 0; i < 60; ++i) {
        CHECK(world.step() != Audit::Step::kNothing);
        world.clock.advance(Millis(1'000));
    }
    able.rates.clear();
    world.audit_all();
    CHECK(world.differs().empty());
    CHECK(world.rows.unsettled == 0);
}

TEST_CASE("a difference is left unrepaired and counted if the endpoint that can prove stays unreachable") {
    auto one = World::endpoint("one");
    auto two = World::endpoint("two");
    two.no_receipts = true;
    AuditedWorld world({one, two});
    world.network.plan(world.network.urls()[0]).rates[Fault::kRefused] = 1;
    REQUIRE(world.lose(7) > 3);
    world.audit_all();
    CHECK(world.rows.upto == world.final);
    CHECK(world.rows.unsettled > 0);
    CHECK(world.rows.repairs == 0);
}

TEST_CASE("an audit continues at another endpoint where one fails, and waits where all fail") {
    AuditedWorld world({World::endpoint("one"), World::endpoint("two"), World::endpoint("three")});
    world.network.plan(world.network.urls()[1]).rates[Fault::kServerError] = 1;
    world.lose(5);
    world.audit_all();
    CHECK(world.differs().empty());
    for (const auto& url : world.network.urls()) {
        world.network.plan(url).rates[Fault::kRefused] = 1;
    }
    world.final = world.final + 10;
    const auto before = world.rows.upto;
    CHECK(world.step() == Audit::Step::kFailed);
    CHECK(world.rows.upto == before);
}

TEST_CASE("proofs of endpoints settle a difference, unless they contradict one another") {
    CHECK(settle({}, 2).error().code == "unproven");
    CHECK(settle({view("a", 1, true)}, 2).value().endpoint == "a");
    CHECK(settle({view("a", 1, false)}, 1).value().endpoint == "a");
    CHECK(settle({view("a", 1, false)}, 2).error().code == "unproven");
    CHECK(settle({view("a", 1, false), view("b", 1, false)}, 3).value().endpoint == "a");
    CHECK(settle({view("a", 1, false), view("b", 1, true)}, 3).value().endpoint == "b");
    CHECK(settle({view("a", 1, true), view("b", 2, true)}, 2).error().code == "contradiction");
    CHECK(settle({view("a", 1, true, 1), view("b", 1, false, 2)}, 2).error().code == "contradiction");
}
