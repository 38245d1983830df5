// A private market for tests of the registry and the dispatcher: database, bus, one EVM node with both
// contracts, and agents that the test acts as.
#pragma once

#include <catch2/catch.hpp>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "bus/bus.hpp"
#include "contracts/job_manager.hpp"
#include "contracts/node_reputation.hpp"
#include "core/token_buckets.hpp"
#include "eth/rpc_client.hpp"
#include "onchain/transact.hpp"
#include "store/database.hpp"
#include "testkit/migrated_database.hpp"
#include "testkit/patience.hpp"
#include "testkit/servers.hpp"
#include "wire/command_proof.hpp"
#include "wire/heartbeat_check.hpp"
#include "wire/job_spec.hpp"
#include "wire/messages.hpp"
#include "wire/subjects.hpp"

namespace lamda::integration {

using nlohmann::json;

class MarketFixture {
  public:
    static constexpr auto kOperatorToken = "operator-token";

    /// @param slots  finalized = head − 2 × slots
    explicit MarketFixture(const std::string& name, unsigned slots = 1)
        : dir_(name),
          postgres_(dir_.path()),
          nats_(dir_.path()),
          anvil_(dir_.path(), testkit::AnvilConfig{ChainId{31337}, 0, slots}),
          rpc_(anvil_.url(), testkit::kCallTimeout),
          owner_(signer(0)),
          renter_(signer(1)),
          provider_(signer(2)) {
        job_manager_ = deploy(contracts::job_manager::bytecode());
        node_reputation_ = deploy(contracts::node_reputation::bytecode());
        new_database("lamda");
        bus_ = std::make_unique<bus::Bus>(nats_.url(), "test", telemetry::Log::none());
        REQUIRE(testkit::wait_until([&] { return bus_->connected(); }));
    }

    static std::unique_ptr<crypto::LocalSigner> signer(std::size_t n) {
        return crypto::LocalSigner::from_hex(testkit::dev_key(n)).value();
    }

    // ---- servers

    /// As superuser, for inspection by the test.
    store::Database& database() { return *database_; }
    bus::Bus& bus() { return *bus_; }
    testkit::Anvil& anvil() { return anvil_; }
    testkit::NatsServer& nats() { return nats_; }
    testkit::PostgresServer& postgres() { return postgres_; }
    const std::string& dir() const { return dir_.path(); }
    void new_database(const std::string& name) {
        database_name_ = name;
        database_ = std::make_unique<store::Database>(testkit::migrated_database(postgres_, name, "postgres"),
                                                      "test");
    }

    // ---- services

    void start(const std::string& service, std::map<std::string, std::string> more = {}) {
        start_as(service, service, std::move(more));
    }
    /// Starts a second instance under its own name.
    void start_as(const std::string& name, const std::string& service,
                  std::map<std::string, std::string> more = {}) {
        std::map<std::string, std::string> env{
            {"DATABASE_URL", testkit::role_dsn(postgres_, database_name_, testkit::database_role(service))},
            {"NATS_URL", nats_.url()},
            {"BSC_RPC_URL", anvil_.url()},
            {"OPBNB_RPC_URL", anvil_.url()},
            {"JOB_MANAGER_CONTRACT_ADDRESS", job_manager_.hex()},
            {"NODE_REPUTATION_CONTRACT_ADDRESS", node_reputation_.hex()},
            {"JOB_MANAGER_START_BLOCK", "1"},
            {"NODE_REPUTATION_START_BLOCK", "1"},
            {"LOG_FORMAT", "text"}};
        if (service == "api-gateway" || service == "job-dispatcher") {
            env.emplace("OPERATOR_TOKEN", kOperatorToken);
        }
        more.merge(env);
        services_.insert_or_assign(name, testkit::Process({{testkit::binary_dir() + "/bin/lamda-" + service},
                                                           more,
                                                           dir_.path(),
                                                           dir_.path() + "/" + name + ".log",
                                                           false}));
    }
    testkit::Process& service(const std::string& name) { return services_.at(name); }
    void kill(const std::string& service) {
        services_.at(service).kill();
        services_.erase(service);
    }

    // ---- chain

    Address job_manager() const { return job_manager_; }
    Address node_reputation() const { return node_reputation_; }
    const crypto::Signer& renter() const { return *renter_; }
    const crypto::Signer& provider() const { return *provider_; }

    void mine(int blocks = 4) { anvil_.call("anvil_mine", "[" + std::to_string(blocks) + "]"); }
    void send(const crypto::Signer& from, const Address& to, Bytes data, const U256& value = 0) {
        onchain::transact(rpc_, SystemClock(), from, ChainId{31337}, {to, std::move(data), value});
    }
    void register_node(const crypto::Signer& node) {
        contracts::node_reputation::RegisterNode call;
        call.gpu_model = "RTX";
        call.vram = 24'576;
        send(node, node_reputation_, call.encode());
        mine();
    }
    void count_job(const Address& provider) {
        contracts::node_reputation::IncrementJobs call;
        call.provider = provider;
        send(*owner_, node_reputation_, call.encode());
    }
    wire::JobSpec spec(std::uint8_t salt) const {
        wire::JobSpec out;
        out.chain_id = ChainId{31337};
        out.job_manager = job_manager_;
        out.renter = renter_->address();
        out.provider = provider_->address();
        out.min_payment = 1'000;
        out.docker_image = "lamda/busybox:1.35";
        out.salt.array()[0] = salt;
        return out;
    }
    void put_spec(const wire::JobSpec& spec) {
        const auto text = wire::canonical_json(spec);
        database_->transact([&](store::Txn& txn) { txn.exec("SELECT api.put_spec($1)", {as_bytes(text)}); });
    }
    void create_job(const JobId& id, const Address& provider) {
        contracts::job_manager::CreateJob call;
        call.job_id = id.as<Bytes32>();
        call.provider_address = provider;
        send(*renter_, job_manager_, call.encode(), 1'000);
    }
    JobId create_job(const wire::JobSpec& spec) {
        const JobId id = wire::job_id_of(spec);
        create_job(id, spec.provider);
        mine();
        return id;
    }
    /// Submits a spec and creates its job on chain. Returns its id.
    JobId order(std::uint8_t salt) {
        const auto wanted = spec(salt);
        put_spec(wanted);
        return create_job(wanted);
    }
    /// Submits a spec for any provider, creates its job on chain, and waits until it is assigned.
    JobId assigned_job_of(const Address& provider, std::uint8_t salt) {
        auto wanted = spec(salt);
        wanted.provider = provider;
        put_spec(wanted);
        const JobId id = create_job(wanted);
        wait_status(id, "assigned");
        return id;
    }
    void confirm(const JobId& id) {
        contracts::job_manager::ConfirmResult call;
        call.job_id = id.as<Bytes32>();
        send(*renter_, job_manager_, call.encode());
        mine();
    }
    void claim(const JobId& id) {
        contracts::job_manager::ClaimReward call;
        call.job_id = id.as<Bytes32>();
        send(*provider_, job_manager_, call.encode());
        mine();
    }

    // ---- public views

    std::string job_column(const JobId& id, const std::string& column) {
        return database_->transact([&](store::Txn& txn) {
            const auto row =
                txn.first("SELECT " + column + "::text AS value FROM api.job WHERE id = $1", {id});
            return row ? row->maybe<std::string>("value").value_or("null") : std::string("none");
        });
    }
    void wait_job(const JobId& id, const std::string& column, const std::string& wanted) {
        INFO("job " << id.hex());
        const bool reached = testkit::wait_until([&] { return job_column(id, column) == wanted; });
        INFO(column << " is " << job_column(id, column) << ", wanted " << wanted << "; error "
                    << job_column(id, "error_message"));
        REQUIRE(reached);
    }
    void wait_status(const JobId& id, const std::string& wanted) { wait_job(id, "status", wanted); }
    std::int64_t count(const std::string& from_where) {
        return database_->transact([&](store::Txn& txn) {
            return txn.one("SELECT count(*) AS n FROM " + from_where).get<std::int64_t>("n");
        });
    }

    // ---- the agent

    /// The next message for the provider in JOBS or RETRACT; acknowledges it.
    std::string take(const char* stream) {
        auto consumer = bus_->consume(stream, wire::durable_of(provider_->address()));
        for (int i = 0; i < 60 * testkit::patience(); ++i) {
            std::vector<bus::Message> messages;
            try {
                messages = consumer.fetch(1, Millis(1'000));
            } catch (const bus::Unavailable&) {  // the dispatcher creates the durable again
            } catch (const bus::Refused&) {
            }
            if (!messages.empty()) {
                consumer.ack(messages.front());
                return messages.front().body;
            }
        }
        FAIL("no message in " << stream);
        return "";
    }
    wire::Assignment take_assignment() { return wire::parse_assignment(take(wire::kJobsStream)).value(); }
    wire::Retraction take_retraction() { return wire::parse_retraction(take(wire::kRetractStream)).value(); }

    wire::JobStatus status(const JobId& id, wire::StatusKind kind, std::uint32_t attempt,
                           std::uint32_t seq) const {
        wire::JobStatus out;
        out.job_id = id;
        out.attempt = attempt;
        out.seq = seq;
        out.provider = provider_->address();
        out.status = kind;
        out.at = SystemClock().now();
        if (kind == wire::StatusKind::kCompleted) {
            out.output_file_cid = "bafkreih2loemtdsu7nkxy6swbimrhvnzmgtauguukoz5rvhtdqedwx6cea";
            out.exit_code = 0;
        }
        return out;
    }
    void publish(const wire::JobStatus& status, const crypto::Signer& by) {
        publish_raw(wire::to_json(wire::sign_status(status, domain(), by)));
    }
    void publish(const wire::JobStatus& status) { publish(status, *provider_); }
    void publish_raw(const std::string& body) {
        REQUIRE(bus_->publish_durable({{wire::status_subject(provider_->address()), random_id(), body}},
                                      testkit::kCallTimeout)
                    .stored == std::vector<bool>{true});
    }
    eth::Eip712Domain domain() const { return wire::market_domain(ChainId{31337}, job_manager_); }
    /// An unsigned heartbeat with the next number.
    wire::Heartbeat next_heartbeat(std::uint32_t running = 0) {
        return next_heartbeat_of(provider_->address(), running);
    }
    wire::Heartbeat next_heartbeat_of(const Address& node, std::uint32_t running) {
        const auto now = SystemClock().now();
        heartbeats_ = std::max(heartbeats_ + 1, static_cast<std::uint64_t>(now.time_since_epoch().count()));
        return {node, heartbeats_, now, "test", 1, running, "", std::nullopt};
    }
    void publish(const wire::Heartbeat& heartbeat) {
        publish_heartbeat(heartbeat.provider, wire::to_json(heartbeat));
    }
    /// Sends less than the provider's share and waits when it has to: readers drop what is beyond the share,
    /// so a loop that repeats one heartbeat until it is read would have the next one dropped.
    void publish_heartbeat(const Address& node, const std::string& body) {
        REQUIRE(testkit::wait_until([&] { return heartbeat_share_.take(node, SystemClock().steady()); }));
        bus_->publish(wire::heartbeat_subject(node), body);
    }
    void heartbeat(std::uint32_t running = 0) { heartbeat_of(*provider_, running); }
    void heartbeat_of(const crypto::Signer& node, std::uint32_t running = 0) {
        publish(wire::sign_heartbeat(next_heartbeat_of(node.address(), running), domain(), node));
    }
    /// Records what the job dispatcher records with its first batch, for tests without a dispatcher.
    void record_market() {
        database_->transact([&](store::Txn& txn) {
            txn.exec(
                "INSERT INTO chain.cursor (stream, chain_id, number, hash, timestamp, contracts) "
                "VALUES ('dispatcher:bsc', 31337, 0, $1, 0, $2)",
                {Bytes32{}, job_manager_});
        });
    }
    json ask(const char* subject, const json& body) {
        return json::parse(bus_->request(subject, body.dump(), testkit::kCallTimeout));
    }
    json ask(const wire::Command& command) {
        return ask(wire::kJobsCommand, json::parse(wire::to_json(command)));
    }
    /// Sends a command with the operator's proof, as the gateway does.
    json ask_as_operator(const wire::Command& command) {
        return ask(wire::prove_command(command, kOperatorToken, SystemClock().now()));
    }

  private:
    Address deploy(const Bytes& bytecode) {
        return onchain::transact(rpc_, SystemClock(), *owner_, ChainId{31337}, {std::nullopt, bytecode, 0})
            .contract_address.value();
    }

    testkit::TempDir dir_;
    testkit::PostgresServer postgres_;
    testkit::NatsServer nats_;
    testkit::Anvil anvil_;
    eth::HttpRpc rpc_;
    std::unique_ptr<crypto::LocalSigner> owner_;
    std::unique_ptr<crypto::LocalSigner> renter_;
    std::unique_ptr<crypto::LocalSigner> provider_;
    Address job_manager_;
    Address node_reputation_;
    std::string database_name_;
    std::unique_ptr<store::Database> database_;
    std::unique_ptr<bus::Bus> bus_;
    std::map<std::string, testkit::Process> services_;
    std::uint64_t heartbeats_ = 0;
    TokenBuckets<Address> heartbeat_share_{wire::kHeartbeatBurst / 3, wire::kHeartbeatsPerSecond * 0.8};
};

}  // namespace lamda::integration
