#include "pgingest/write_behind.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <future>

#include "ingest/testing/memory_sink.hpp"
#include "testkit/process.hpp"

using namespace lamda;
using namespace lamda::pgingest;

namespace {

BlockRef ref(std::uint64_t number) {
    BlockRef out{BlockNum{number}, {}};
    out.hash.array()[0] = static_cast<std::uint8_t>(number);
    return out;
}

ingest::Batch batch(std::optional<BlockRef> from, std::uint64_t to, std::size_t logs) {
    ingest::Batch out;
    out.from = from;
    out.to = ref(to);
    out.headers.push_back({ref(to), {}, 1'000 + to});
    for (std::size_t i = 0; i < logs; ++i) {
        eth::Log log;
        log.block_num = out.to.number;
        log.log_index = i;
        out.logs.push_back(log);
    }
    return out;
}

/// Writes when the gate is open, and records the order of calls.
class GatedSink final : public TwoPhaseSink {
  public:
    std::vector<std::string> calls;
    std::atomic<int> prepared = 0;
    bool can_prepare = true;
    std::promise<void> gate;
    ingest::MemorySink memory;

    std::optional<BlockRef> cursor() override {
        calls.emplace_back("cursor");
        return memory.cursor();
    }
    std::vector<ingest::BlockHeader> recent_headers() override {
        calls.emplace_back("headers");
        return memory.recent_headers();
    }
    std::function<void()> prepare(const ingest::Batch& given) override {
        ++prepared;
        if (!can_prepare) {
            throw std::runtime_error("nothing to prepare with");
        }
        return [this, given] { apply(given); };
    }
    void apply(const ingest::Batch& given) override {
        if (!given.logs.empty() && open_.wait_for(std::chrono::seconds(60)) != std::future_status::ready) {
            throw std::logic_error("the gate was not opened");
        }
        calls.push_back("apply " + std::to_string(given.to.number.value));
        memory.apply(given);
    }
    void unwind(const ingest::Unwind& given) override {
        calls.emplace_back("unwind");
        memory.unwind(given);
    }
    void boundary(BlockNum boundary, BlockNum finalized) override {
        calls.emplace_back("boundary");
        memory.boundary(boundary, finalized);
    }
    ingest::Watched bind(const ingest::Watched& watched) override {
        calls.emplace_back("bind");
        return memory.bind(watched);
    }

  private:
    std::shared_future<void> open_{gate.get_future()};
};

}  // namespace

TEST_CASE("a large batch is in flight when apply returns, and every other call waits for it") {
    const int call = GENERATE(range(0, 6));
    GatedSink sink;
    WriteBehind behind(sink, 2);
    behind.apply(batch({}, 1, 2));
    CHECK(sink.calls.empty());  // the gate is closed: apply would not have returned
    auto opened = std::async(std::launch::async, [&] { sink.gate.set_value(); });
    const std::vector<std::pair<std::string, std::function<void()>>> calls{
        {"cursor", [&] { CHECK(behind.cursor() == ref(1)); }},
        {"headers", [&] { CHECK(behind.recent_headers().size() == 1); }},
        {"apply 2", [&] { behind.apply(batch(ref(1), 2, 0)); }},
        {"unwind", [&] { behind.unwind({ref(1), ref(0)}); }},
        {"boundary", [&] { behind.boundary(BlockNum{1}, BlockNum{1}); }},
        {"bind", [&] { behind.bind({ChainId{1}, {}}); }},
    };
    const auto& [name, ask] = calls[static_cast<std::size_t>(call)];
    try {
        ask();
    } catch (const std::logic_error&) {  // the memory sink has no block 0 to unwind to
    }
    CHECK((sink.calls == std::vector<std::string>{"apply 1", name}));
}

TEST_CASE("the error of a large batch is thrown once, by the next call, which does nothing else") {
    GatedSink sink;
    sink.gate.set_value();
    sink.memory.fail = 1;
    sink.memory.chance = [failed = false](double) mutable { return !std::exchange(failed, true); };
    WriteBehind behind(sink, 1);
    behind.apply(batch({}, 1, 1));
    CHECK_THROWS(behind.apply(batch(ref(1), 2, 1)));
    CHECK((sink.calls == std::vector<std::string>{"apply 1"}));
    CHECK(behind.cursor() == std::nullopt);
    behind.apply(batch({}, 1, 1));
    behind.apply(batch(ref(1), 2, 1));
    behind.settle();
    behind.settle();
    CHECK(sink.memory.at == ref(2));
    CHECK(sink.memory.rows.size() == 2);
}

TEST_CASE("a batch is prepared while the previous one is written") {
    GatedSink sink;
    WriteBehind behind(sink, 1);
    behind.apply(batch({}, 1, 1));
    auto next = std::async(std::launch::async, [&] { behind.apply(batch(ref(1), 2, 1)); });
    // The gate is closed: preparing only after block 1 is written would never reach block 2.
    CHECK(testkit::wait_until([&] { return sink.prepared == 2; }));
    CHECK(next.wait_for(std::chrono::milliseconds(20)) == std::future_status::timeout);
    sink.gate.set_value();
    next.get();
    behind.settle();
    CHECK((sink.calls == std::vector<std::string>{"apply 1", "apply 2"}));
}

TEST_CASE("a failed preparation does not affect the write in flight") {
    GatedSink sink;
    WriteBehind behind(sink, 1);
    behind.apply(batch({}, 1, 1));
    sink.can_prepare = false;
    CHECK_THROWS_AS(behind.apply(batch(ref(1), 2, 1)), std::runtime_error);
    sink.gate.set_value();
    CHECK(behind.cursor() == ref(1));
}

TEST_CASE("another writer is detected, whichever of the two is behind") {
    GatedSink sink;
    sink.gate.set_value();
    WriteBehind behind(sink, 1);
    behind.apply(batch({}, 1, 1));
    behind.settle();
    sink.memory.apply(batch(ref(1), 2, 1));
    behind.apply(batch(ref(1), 3, 1));
    CHECK_THROWS_AS(behind.boundary(BlockNum{1}, BlockNum{1}), ingest::CursorMoved);
    CHECK(behind.cursor() == ref(2));
}

TEST_CASE("the destructor waits for the write in flight") {
    GatedSink sink;
    auto opened = std::async(std::launch::async, [&] { sink.gate.set_value(); });
    {
        WriteBehind behind(sink, 1);
        behind.apply(batch({}, 1, 1));
    }
    CHECK(sink.memory.at == ref(1));
}
