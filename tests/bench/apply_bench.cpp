// The database's half of ingestion alone: batches of logs through the dispatcher's projection into
// PostgreSQL, with no chain in front. Processor time beside the clock's: it hardly minds what else the
// machine does.
#include <fmt/format.h>

#include <array>
#include <ctime>
#include <fstream>
#include <iterator>

#include "contracts/job_manager.hpp"
#include "crypto/digest.hpp"
#include "pipeline/projector.hpp"
#include "projection.hpp"
#include "report.hpp"
#include "store/migrations.hpp"
#include "testkit/servers.hpp"

using namespace lamda;
using namespace lamda::bench;

namespace {

constexpr std::uint64_t kBatches = 10;
constexpr std::uint64_t kLogs = 10'000;  ///< in a batch
constexpr std::uint64_t kPerBlock = 100;
constexpr std::uint64_t kBlocks = kLogs / kPerBlock;
constexpr std::uint64_t kThen = 1'700'000'000;

enum class Event { kCreated, kConfirmed, kClaimed };

/// A hash of no meaning, different for each pair.
template <class Id>
Id hash_of(char mark, std::uint64_t number) {
    return crypto::keccak256(as_bytes(mark + std::to_string(number))).template as<Id>();
}

Topic word_of(const Address& address) {
    Topic out;
    std::copy(address.array().begin(), address.array().end(), out.array().begin() + 12);
    return out;
}

eth::Log log_of(Event event, std::uint64_t job) {
    const auto id = hash_of<Topic>('j', job);
    const auto renter = *Address::from_bytes(hash_of<Topic>('r', job).view().subspan(12));
    const auto provider = *Address::from_bytes(hash_of<Topic>('p', job).view().subspan(12));
    eth::Log out;
    out.data.resize(32);
    out.data[24] = 1;
    switch (event) {
        case Event::kCreated:
            out.topics = {contracts::job_manager::JobCreated::topic(), id, word_of(renter),
                          word_of(provider)};
            break;
        case Event::kConfirmed:
            out.topics = {contracts::job_manager::JobConfirmed::topic(), id};
            break;
        case Event::kClaimed:
            out.topics = {contracts::job_manager::PaymentClaimed::topic(), id, word_of(provider)};
            break;
    }
    return out;
}

class Scene {
  public:
    Scene() : dir_("bench_apply"), postgres_(dir_.path() + "/postgres", true) {
        database_ = std::make_unique<store::Database>(postgres_.create_database("apply"), "bench", 1);
        store::migrate(*database_);
        projector_ = std::make_unique<pipeline::Projector>(*database_, dispatch::kStream, projection_);
        projector_->bind_chain(ChainId{31337});
    }

    /// Median over the batches of what each of `kLogs` logs takes.
    void run(const std::string& name, Event event) {
        std::vector<double> wall;
        std::vector<double> client;
        std::vector<double> server;
        for (std::uint64_t batch = 0; batch < kBatches; ++batch) {
            const auto logs = make(event, batch * kLogs);
            const auto before = readings();
            projector_->apply(logs);
            const auto after = readings();
            const auto micros = [&](std::size_t i) {
                return (after[i] - before[i]) * 1e6 / static_cast<double>(kLogs);
            };
            wall.push_back(micros(0));
            client.push_back(micros(1));
            server.push_back(micros(2));
        }
        report("apply_" + name, median(wall), "us", "no target: a log, in batches of 10,000");
        report("apply_" + name + "_client_cpu", median(client), "us",
               "no target: processor time in our process");
        report("apply_" + name + "_server_cpu", median(server), "us",
               "no target: processor time in PostgreSQL");
    }

  private:
    chain::Batch make(Event event, std::uint64_t first) {
        chain::Batch out;
        out.from = cursor_;
        for (std::uint64_t i = 0; i < kLogs; ++i) {
            auto log = log_of(event, first + i);
            const auto block = BlockNum{next_block_ + i / kPerBlock};
            log.block_num = block;
            log.block_hash = hash_of<BlockHash>('b', block.value);
            log.log_index = i % kPerBlock;
            log.tx_hash = hash_of<TxHash>('t', block.value);
            if (i % kPerBlock == 0) {
                out.headers.push_back(
                    {{block, log.block_hash}, hash_of<BlockHash>('b', block.value - 1), kThen + block.value});
            }
            out.logs.push_back(std::move(log));
        }
        next_block_ += kBlocks;
        out.to = out.headers.back().ref;
        out.to_timestamp = out.headers.back().timestamp;
        out.finalized = out.to.number;
        out.boundary = out.to.number;
        cursor_ = out.to;
        return out;
    }

    /// Seconds: the clock, this process, the server's process for our one connection.
    std::array<double, 3> readings() {
        const auto pid = database_->transact(
            [](store::Txn& txn) { return txn.one("SELECT pg_backend_pid() AS pid").get<int>("pid"); });
        std::ifstream file(fmt::format("/proc/{}/schedstat", pid));
        double nanos = 0;
        file >> nanos;
        return {now_seconds(), static_cast<double>(std::clock()) / CLOCKS_PER_SEC, nanos / 1e9};
    }

    testkit::TempDir dir_;
    testkit::PostgresServer postgres_;
    std::unique_ptr<store::Database> database_;
    SystemClock clock_;
    dispatch::Market market_{Address{}, ChainId{31337}, 3};
    dispatch::StreamProgress progress_;
    dispatch::JobProjection projection_{market_, progress_, clock_};
    std::unique_ptr<pipeline::Projector> projector_;
    std::optional<BlockRef> cursor_;
    std::uint64_t next_block_ = 1;
};

}  // namespace

/// Without an argument everything; with one, only the creations: for a profiler.
int main(int argc, char**) {
    Scene scene;
    scene.run("created", Event::kCreated);
    if (argc == 1) {
        scene.run("confirmed", Event::kConfirmed);
        scene.run("claimed", Event::kClaimed);
    }
    return 0;
}
