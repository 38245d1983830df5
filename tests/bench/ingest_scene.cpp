#include "ingest_scene.hpp"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <thread>

#include "report.hpp"
#include "store/database.hpp"
#include "testkit/migrated_database.hpp"

namespace lamda::bench {

namespace {

/// Old enough to cause no events on the live feed: a backfill.
constexpr std::uint64_t kDay = 86'400;
/// More than the depth at which ranges are no longer read: the measurement ends before the tail begins.
constexpr int kEmptyBlocks = 300;
constexpr double kPatienceSeconds = 600;
constexpr auto kStream = "dispatcher:bsc";
/// Settings recommended by docs/operations.md ("PostgreSQL"), the same for dispatcher, floor and peer.
const std::vector<std::string> kServerSettings{"shared_buffers=1GB", "max_wal_size=4GB"};
constexpr std::uint64_t kSharedMib = 1'100;  ///< shared memory of that server (shared_memory_size)

/// CPU time of all child processes that have ended.
double cpu_of_ended_children() {
    rusage usage{};
    ::getrusage(RUSAGE_CHILDREN, &usage);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

int port_in(const std::string& url) {
    return std::stoi(url.substr(url.rfind(':') + 1));
}

std::vector<TableDump> tables() {
    return {
        {"dispatch.job_event",
         "id, job_id, kind, body, attempt, seq, block_num, block_hash, log_index, tx_hash, at, orphaned, "
         "refused_reason",
         "id",
         {}},
        {"dispatch.job",
         "id, renter, provider, payment, block_num, block_hash, log_index, tx_hash, chain_state, work_state, "
         "status, attempt, tries, docker_image, input_file_cid, output_file_cid, time_limit_seconds, "
         "error_message, created_at, updated_at, work_since, assigned_at, running_since, completed_at, "
         "failed_at, spec_cid, last_event",
         "block_num, log_index",
         {}}};
}

/// Each request once. A range that was requested again from the same block had been too large: its answer was
/// useless, and does not belong into a floor.
std::vector<std::string> useful(const std::vector<std::string>& asked) {
    using nlohmann::json;
    std::map<std::string, std::size_t> last;
    for (std::size_t i = 0; i < asked.size(); ++i) {
        json body = json::parse(asked[i]);
        auto calls = body.is_array() ? body : json::array({body});
        std::string rpc_call;
        for (auto& call : calls) {
            auto& params = call["params"];
            if (call["method"] == "eth_getLogs" && params.at(0).contains("toBlock")) {
                params[0].erase("toBlock");
            }
            rpc_call += call["method"].dump() + params.dump();
        }
        last[rpc_call] = i;
    }
    std::vector<std::size_t> kept;
    kept.reserve(last.size());
    for (const auto& [rpc_call, at] : last) {
        kept.push_back(at);
    }
    std::sort(kept.begin(), kept.end());
    std::vector<std::string> out;
    out.reserve(kept.size());
    for (const auto at : kept) {
        out.push_back(asked[at]);
    }
    return out;
}

}  // namespace

IngestScene::IngestScene(const std::string& executables)
    : executables_(std::filesystem::absolute(executables)),
      dir_("bench_ingest"),
      huge_pages_(kSharedMib),
      postgres_(dir_.path() + "/postgres", true, kServerSettings),
      nats_(dir_.path() + "/nats"),
      anvil_(
          dir_.path() + "/bsc",
          testkit::AnvilConfig{ChainId{31337}, 0, 1, static_cast<std::uint64_t>(std::time(nullptr)) - kDay}),
      maker_(anvil_) {}

void IngestScene::make_logs(std::uint64_t count, std::uint64_t per_block) {
    maker_.emit(testkit::JobLogKind::kCreated, logs_, count, per_block);
    logs_ += count;
    per_block_ = per_block;
    last_block_ = testkit::head_of(anvil_);
    anvil_.call("anvil_mine", fmt::format("[{}]", kEmptyBlocks));
}

std::string IngestScene::fresh_database() {
    if (!database_.empty()) {
        postgres_.drop_database(database_);
    }
    database_ = fmt::format("ingest_{}", ++databases_);
    return testkit::migrated_database(postgres_, database_, "postgres");
}

void IngestScene::check_rows(const std::string& dsn, std::uint64_t logs) const {
    store::Database database(dsn, "bench", 1);
    const auto row = database.transact([](store::Txn& txn) {
        return txn.one(
            "SELECT (SELECT count(*) FROM dispatch.job WHERE chain_state = 'created') AS jobs, "
            "(SELECT count(DISTINCT job_id) FROM dispatch.job_event WHERE kind = 'created' AND NOT orphaned) "
            "AS "
            "events, (SELECT count(*) FROM bus.outbox) AS messages");
    });
    if (row.get<std::uint64_t>("jobs") != logs || row.get<std::uint64_t>("events") != logs ||
        row.get<std::uint64_t>("messages") != 0) {
        throw std::runtime_error(fmt::format("{} jobs, {} events and {} messages were written, of {} logs",
                                             row.get<std::uint64_t>("jobs"), row.get<std::uint64_t>("events"),
                                             row.get<std::uint64_t>("messages"), logs));
    }
}

IngestScene::Run IngestScene::run(const std::string& dsn, const std::string& rpc_url, std::uint64_t logs) {
    store::Database watcher(dsn, "bench", 1);
    // The indexes are part of the work.
    const auto cursor = [&] {
        return watcher.transact([&](store::Txn& txn) {
            const auto row = txn.first(
                "SELECT number FROM chain.cursor WHERE stream = $1 AND number IS NOT NULL "
                "AND NOT EXISTS (SELECT FROM dispatch.left_out_index)",
                {kStream});
            return row ? row->get<BlockNum>("number") : BlockNum{0};
        });
    };
    cursor();  // connects before the measurement starts
    const std::string log = dir_.path() + "/job-dispatcher.log";
    testkit::ProcessSpec spec;
    spec.argv = {executables_ + "/lamda-job-dispatcher"};
    spec.env = {
        {"DATABASE_URL", testkit::role_dsn(postgres_, database_, testkit::database_role("job-dispatcher"))},
        {"NATS_URL", nats_.url()},
        {"BSC_RPC_URL", rpc_url},
        {"JOB_MANAGER_CONTRACT_ADDRESS", maker_.address()},
        {"JOB_MANAGER_START_BLOCK",
         logs == logs_ ? "1" : std::to_string(last_block_.value - logs / per_block_ + 1)},
        {"METRICS_PORT", std::to_string(testkit::free_port())}};
    spec.cwd = dir_.path();
    spec.log_file = log;
    Run out;
    const double cpu_before = cpu_of_ended_children();
    const double begin = now_seconds();
    testkit::Process process(std::move(spec));
    while (cursor() < last_block_) {
        out.peak_mib = std::max(out.peak_mib, private_memory(process.pid()));
        if (!process.running() || now_seconds() - begin > kPatienceSeconds) {
            throw std::runtime_error("the dispatcher did not reach the last log: see " + log);
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    out.seconds = now_seconds() - begin;
    process.kill();
    out.cpu_seconds = cpu_of_ended_children() - cpu_before;
    check_rows(dsn, logs);
    return out;
}

IngestScene::Run IngestScene::run_newest(std::uint64_t logs) {
    return run(fresh_database(), anvil_.url(), logs);
}

IngestScene::Floor IngestScene::learn_floor() {
    Floor out;
    const auto dsn = fresh_database();
    {
        const RpcRecorder recorder(port_in(anvil_.url()));
        run(dsn, recorder.url(), logs_);
        out.asked = recorder.recording();
        out.asked.bodies = useful(out.asked.bodies);
    }
    out.bytes = download(anvil_.url(), out.asked.bodies, out.asked.connections).bytes;
    out.tables = rows_of(dsn);
    return out;
}

std::vector<TableDump> IngestScene::rows_of(const std::string& dsn) const {
    auto out = tables();
    for (auto& table : out) {
        dump(dsn, table);
    }
    return out;
}

double IngestScene::copy_again() {
    const auto rows = rows_of(postgres_.dsn(database_));
    return copy(fresh_database(), rows);
}

IngestScene::FloorTime IngestScene::run_floor(const Floor& floor) {
    const auto dsn = fresh_database();
    return {download(anvil_.url(), floor.asked.bodies, floor.asked.connections).seconds,
            copy(dsn, floor.tables)};
}

double IngestScene::run_peer() {
    const auto folder = testkit::source_dir() + "/tests/bench/ponder";
    constexpr auto kDatabase = "ponder";
    const auto dsn = postgres_.create_database(kDatabase);
    testkit::ProcessSpec spec;
    spec.argv = {folder + "/run.sh"};
    spec.env = {{"DATABASE_URL", dsn},
                {"RPC_URL", anvil_.url()},
                {"CONTRACT", maker_.address()},
                {"END_BLOCK", std::to_string(last_block_.value)},
                {"LOGS", std::to_string(logs_)}};
    spec.cwd = dir_.path();
    const auto finished = testkit::run(spec, Millis(900'000));
    postgres_.drop_database(kDatabase);  // otherwise the server would vacuum it during the next measurement
    constexpr std::string_view kLine = "ponder_seconds ";
    const auto at = finished.output.rfind(kLine);
    if (finished.status != 0 || at == std::string::npos) {
        throw std::runtime_error("the peer failed (was tests/bench/ponder/install.sh run?): " +
                                 finished.output);
    }
    return std::stod(finished.output.substr(at + kLine.size()));
}

}  // namespace lamda::bench
