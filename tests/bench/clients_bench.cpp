// Benchmark of the gateway under attack: a good client's latency for a page of twenty jobs, compared with its
// quiet value, and the gateway's memory meanwhile.
#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

#include "arguments.hpp"
#include "hostile_crowd.hpp"
#include "http/testing/raw_client.hpp"
#include "report.hpp"
#include "store/database.hpp"
#include "testkit/migrated_database.hpp"
#include "testkit/process.hpp"
#include "testkit/servers.hpp"

using namespace lamda;
using namespace lamda::bench;

namespace {

constexpr int kAsked = 200;
constexpr Millis kEvery{40};
constexpr int kJobs = 1'000;

std::string get(const std::string& path, const std::string& more = "") {
    return "GET " + path + " HTTP/1.1\r\nHost: x\r\n" + more + "\r\n";
}

struct Waited {
    std::vector<double> ms;
    int refused = 0;
    double memory = 0;  ///< peak, in MiB
};

/// Opens a new connection for each request, at fixed times: a slow answer does not delay the next request.
Waited ask(int port, pid_t gateway) {
    Waited out;
    auto due = std::chrono::steady_clock::now();
    for (int i = 0; i < kAsked; ++i, due += kEvery) {
        std::this_thread::sleep_until(due);
        const auto began = std::chrono::steady_clock::now();
        try {
            http::RawClient client(port);
            const auto answer = client.ask(get("/api/jobs?limit=20", "Connection: close\r\n"));
            out.refused += answer.status == 200 ? 0 : 1;
        } catch (const std::exception&) {
            ++out.refused;
        }
        const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - began;
        out.ms.push_back(took.count());
        if (i % 10 == 0) {
            out.memory = std::max(out.memory, private_memory(gateway));
        }
    }
    std::sort(out.ms.begin(), out.ms.end());
    return out;
}

double p99(const Waited& waited) {
    return waited.ms[waited.ms.size() * 99 / 100 - 1];
}

void add_jobs(store::Database& database) {
    database.transact([](store::Txn& txn) {
        txn.exec(
            "INSERT INTO dispatch.job (id, renter, provider, payment, block_num, block_hash, log_index, "
            "tx_hash, "
            "chain_state, work_state, status, attempt, tries, created_at, updated_at, work_since, spec_cid, "
            "last_event, docker_image) SELECT sha256(int4send(n)), substr(sha256(int4send(n)), 1, 20), "
            "substr(sha256(int4send(n)), 1, 20), n, n, sha256(int4send(n)), 0, sha256(int4send(n)), "
            "'created', "
            "'assigned', 'assigned', 1, 1, now(), now(), now(), repeat('b', 59), 0, 'lamda/busybox:1.35' "
            "FROM "
            "generate_series(1, $1::int) n",
            {kJobs});
        txn.exec(
            "INSERT INTO chain.cursor (stream, chain_id, contracts, number, hash) VALUES ('dispatcher:bsc', "
            "97, "
            "decode('d9264b533dd53198c7ae345c6afe8ef054303b53', 'hex'), 1, sha256('x'))");
    });
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app(
        "Measures a good client under attack; prints one line for each figure: name value unit (target)");
    if (const auto status = lamda::bench::parse(app, argc, argv)) {
        return *status;
    }
    rlimit descriptors{};
    ::getrlimit(RLIMIT_NOFILE, &descriptors);
    descriptors.rlim_cur = descriptors.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &descriptors);

    testkit::TempDir dir("clients");
    testkit::PostgresServer postgres(dir.path() + "/pg");
    testkit::NatsServer nats(dir.path() + "/nats");
    store::Database database(testkit::migrated_database(postgres, "clients", "postgres"), "bench", 1);
    const int port = testkit::free_port();
    const int metrics = testkit::free_port();
    testkit::ProcessSpec spec;
    spec.argv = {testkit::binary_dir() + "/bin/lamda-api-gateway"};
    spec.cwd = dir.path();
    spec.log_file = dir.path() + "/gateway.log";
    spec.env = {
        {"DATABASE_URL", testkit::role_dsn(postgres, "clients", testkit::database_role("api-gateway"))},
        {"NATS_URL", nats.url()},
        {"API_PORT", std::to_string(port)},
        {"METRICS_PORT", std::to_string(metrics)},
        {"ENVIRONMENT", "development"},
        {"BSC_CHAIN_ID", "97"},
        {"JOB_MANAGER_CONTRACT_ADDRESS", "0xd9264b533dd53198c7ae345c6afe8ef054303b53"}};
    testkit::Process gateway(spec);
    const auto ready = [&] {
        try {
            return http::RawClient(metrics).ask(get("/readyz")).status == 200;
        } catch (const std::exception&) {
            return false;
        }
    };
    if (!testkit::wait_until(ready, Millis(30'000))) {
        throw std::runtime_error("the gateway is not ready: see " + spec.log_file);
    }
    add_jobs(database);

    const auto measure = [&](const std::string& name,
                             const std::function<std::unique_ptr<HostileCrowd>()>& attack, double quiet) {
        const auto crowd = attack();
        const auto waited = ask(port, gateway.pid());
        const double tail = p99(waited);
        report(name + "_p99", tail, "ms",
               quiet == 0 ? "quiet" : fmt::format("target ≤ 100 ms; quiet: {:.1f} ms", quiet));
        report(name + "_refused", waited.refused, "", fmt::format("target 0 of {}", kAsked));
        report(name + "_memory", waited.memory, "MiB", "target ≤ 128 MiB, private");
        return tail;
    };
    const auto crowd = [&](std::size_t count, CrowdMember member) {
        return [&, count, member] { return std::make_unique<HostileCrowd>(port, count, member); };
    };
    std::string lists;
    for (int i = 0; i < 20; ++i) {
        lists += get("/api/jobs?limit=1000");
    }
    const std::string body = "POST /api/jobs/query HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n";
    const double quiet = measure("clients_quiet", [] { return nullptr; }, 0);
    measure("clients_2000_idle", crowd(2'000, {}), quiet);
    measure("clients_5000_idle", crowd(5'000, {}), quiet);
    measure("clients_1000_empty_lines", crowd(1'000, {"", "\r\n", true, 0}), quiet);
    measure("clients_1000_half_bodies", crowd(1'000, {body + std::string(190'000, ' '), "", true, 0}), quiet);
    measure("clients_64_never_read", crowd(64, {lists, "", false, 4'096}), quiet);
    measure("clients_40_large_lists", crowd(40, {lists, "", true, 0}), quiet);
    return 0;
}
