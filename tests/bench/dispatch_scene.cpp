#include "dispatch_scene.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <stdexcept>

#include "contracts/job_manager.hpp"
#include "crypto/digest.hpp"
#include "report.hpp"
#include "store/values.hpp"
#include "testkit/migrated_database.hpp"
#include "testkit/server_process.hpp"
#include "wire/subjects.hpp"

namespace lamda::bench {

namespace {

constexpr std::uint64_t kPayment = 1'000'000'000;
constexpr double kPatienceSeconds = 120;

Address address_of(std::string_view name) {
    const auto digest = crypto::keccak256(as_bytes(name));
    return Address::from_bytes(digest.view().subspan(12)).value();
}

Topic word_of(const Address& address) {
    Topic out;
    std::copy(address.array().begin(), address.array().end(), out.array().begin() + 12);
    return out;
}

std::unique_ptr<crypto::LocalSigner> signer_of(std::string_view name) {
    return crypto::LocalSigner::from_hex(to_hex_bare(crypto::sha256(as_bytes(name)).view())).value();
}

}  // namespace

DispatchScene::DispatchScene(testkit::PostgresServer& postgres, const std::string& dir, Config config)
    : config_(std::move(config)),
      dir_(dir + "/" + config_.name),
      postgres_(postgres),
      nats_(dir_ + "/nats"),
      nats_url_(nats_.url()),
      dsn_(testkit::migrated_database(postgres_, config_.name, "postgres")),
      database_(dsn_, "bench", 2),
      chain_(chain(), job_manager()),
      provider_(signer_of("provider")),
      noisy_(signer_of("noisy provider")),
      bus_(nats_url_),
      acks_(nats_url_, wire::kJobsStream) {
    register_providers();
    start();
}

Address DispatchScene::job_manager() {
    return address_of("job manager");
}

void DispatchScene::register_providers() {
    database_.transact([&](store::Txn& txn) {
        for (const auto& provider : {provider_->address(), noisy_->address()}) {
            txn.exec("INSERT INTO registry.node VALUES ($1, true, 'none', 0, 0, now(), now(), now())",
                     {provider});
            txn.exec(
                "INSERT INTO registry.presence (provider, last_heartbeat_at, agent_version, capacity, "
                "running, heartbeat_seq) VALUES ($1, now(), 'bench', 1, 0, 1)",
                {provider});
        }
    });
}

void DispatchScene::start() {
    const int port = testkit::free_port();
    const std::string log = dir_ + "/job-dispatcher.log";
    testkit::ProcessSpec spec;
    spec.argv = {std::filesystem::absolute(config_.executables).string() + "/lamda-job-dispatcher"};
    spec.env = {{"DATABASE_URL",
                 testkit::role_dsn(postgres_, config_.name, testkit::database_role("job-dispatcher"))},
                {"NATS_URL", nats_url_},
                {"BSC_RPC_URL", chain_.url()},
                {"JOB_MANAGER_CONTRACT_ADDRESS", job_manager().hex()},
                {"JOB_MANAGER_START_BLOCK", "1"},
                {"DISPATCH_FINALITY", config_.finality},
                {"METRICS_PORT", std::to_string(port)}};
    spec.cwd = dir_;
    spec.log_file = log;
    process_ = std::make_unique<testkit::Process>(std::move(spec));
    testkit::wait_ready("lamda-job-dispatcher", *process_, log, [&] {
        return testkit::accepts_connections(port) &&
               testkit::plain_http("GET", port, "", "/readyz", "", "").status == 200;
    });
}

std::vector<wire::JobSpec> DispatchScene::make_specs(const Address& provider, std::size_t count) {
    std::vector<wire::JobSpec> out(count);
    std::vector<std::string> stored;
    for (auto& spec : out) {
        spec.chain_id = chain();
        spec.job_manager = job_manager();
        spec.renter = address_of("renter");
        spec.provider = provider;
        spec.min_payment = kPayment;
        spec.docker_image = "lamda/busybox:1.35";
        spec.command = {"true"};
        spec.salt = crypto::sha256(as_bytes(std::to_string(++specs_)));
        stored.push_back(wire::canonical_json(spec));
    }
    database_.transact([&](store::Txn& txn) {
        txn.exec(
            "INSERT INTO dispatch.spec (id, spec) SELECT sha256(s.spec), s.spec FROM (SELECT convert_to(t, "
            "'UTF8') AS spec FROM unnest($1::text[]) AS t) AS s",
            {store::array_of(stored)});
    });
    return out;
}

eth::Log DispatchScene::created(const wire::JobSpec& spec) {
    eth::Log out;
    out.address = spec.job_manager;
    out.topics = {contracts::job_manager::JobCreated::topic(), wire::job_id_of(spec).as<Topic>(),
                  word_of(spec.renter), word_of(spec.provider)};
    out.data.resize(32);
    for (std::size_t i = 0; i < 8; ++i) {
        out.data[31 - i] = static_cast<std::uint8_t>(kPayment >> (8 * i));
    }
    return out;
}

void DispatchScene::create(const std::vector<wire::JobSpec>& specs, std::size_t per_block) {
    for (std::size_t at = 0; at < specs.size(); at += per_block) {
        std::vector<eth::Log> logs;
        std::transform(specs.begin() + static_cast<std::ptrdiff_t>(at),
                       specs.begin() + static_cast<std::ptrdiff_t>(std::min(at + per_block, specs.size())),
                       std::back_inserter(logs), created);
        chain_.mine(std::move(logs));
    }
}

void DispatchScene::wait_quiet(std::size_t jobs) {
    const auto quiet = [&] {
        return database_.transact([&](store::Txn& txn) {
            const auto row = txn.one(
                "SELECT (SELECT count(*) FROM dispatch.job) AS jobs, "
                "EXISTS (SELECT FROM bus.outbox) AS messages");
            return row.get<std::uint64_t>("jobs") == jobs && !row.get<bool>("messages");
        });
    };
    const double begin = now_seconds();
    while (!quiet()) {
        if (!process_->running() || now_seconds() - begin > kPatienceSeconds) {
            throw std::runtime_error("the dispatcher does not become quiet: see " + dir_);
        }
        testkit::wait_until([&] { return quiet(); }, Millis(1'000));
    }
}

double DispatchScene::dispatch_one(const wire::JobSpec& spec) {
    acks_.reset();
    chain_.mine({created(spec)});
    const double acknowledged = acks_.wait(1, kPatienceSeconds);
    return (acknowledged - chain_.handed_out().value()) * 1'000;
}

std::vector<TableDump> rows_of_jobs(const std::string& dsn, const std::string& jobs) {
    const std::string of_jobs = "job_id IN (SELECT id FROM dispatch.job WHERE " + jobs + ")";
    std::vector<TableDump> out{
        {"dispatch.job_event",
         "id, job_id, kind, body, attempt, seq, block_num, block_hash, log_index, tx_hash, at, orphaned, "
         "refused_reason",
         "id",
         {},
         of_jobs},
        {"dispatch.job",
         "id, renter, provider, payment, block_num, block_hash, log_index, tx_hash, chain_state, work_state, "
         "status, attempt, tries, docker_image, input_file_cid, output_file_cid, time_limit_seconds, "
         "error_message, created_at, updated_at, work_since, assigned_at, running_since, completed_at, "
         "failed_at, spec_cid, last_event",
         "block_num, log_index",
         {},
         jobs},
        {"dispatch.assignment",
         "job_id, attempt, provider, state, created_at, last_seq, last_status_at",
         "job_id",
         {},
         of_jobs}};
    for (auto& table : out) {
        dump(dsn, table);
    }
    return out;
}

}  // namespace lamda::bench
