#include "integration/agent_fixture.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "bus/testing/until_answered.hpp"
#include "contracts/job_manager.hpp"
#include "contracts/node_reputation.hpp"
#include "crypto/digest.hpp"
#include "onchain/transact.hpp"
#include "wire/subjects.hpp"

namespace lamda::agent_test {

namespace fs = std::filesystem;
using bus::testing::until_answered;
using testkit::kCallTimeout;
using Json = nlohmann::json;

namespace {

std::string read_text(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream out;
    out << file.rdbuf();
    return out.str();
}

Address deploy(eth::Rpc& rpc, const crypto::Signer& signer, ChainId chain, const Bytes& code) {
    onchain::TxRequest request;
    request.data = code;
    return onchain::transact(rpc, SystemClock(), signer, chain, request).contract_address.value();
}

std::string socket_of(const testkit::DockerEngine& docker) {
    return docker.host().substr(std::string("unix://").size());
}

/// Number of keys: each scenario has its own, so that messages and nonces are separate. Each key has its
/// account on the bus; the server is started with all of them.
constexpr std::size_t kMostScenarios = 128;

std::string key_of(std::size_t number) {
    return to_hex_bare(crypto::sha256(as_bytes("agent " + std::to_string(number))).view());
}

}  // namespace

std::vector<std::string> Servers::providers() {
    std::vector<std::string> out;
    for (std::size_t number = 1; number <= kMostScenarios; ++number) {
        out.push_back(crypto::LocalSigner::from_hex(key_of(number)).value()->address().hex());
    }
    return out;
}

Servers& Servers::get() {
    static Servers servers;
    return servers;
}

Servers::Servers() : owner(crypto::LocalSigner::from_hex(testkit::dev_key(0)).value()) {
    job_manager = deploy(bsc_rpc, *owner, ChainId{97}, contracts::job_manager::bytecode());
    node_reputation = deploy(opbnb_rpc, *owner, ChainId{5611}, contracts::node_reputation::bytecode());
    REQUIRE(testkit::wait_until([&] { return bus.connected(); }));
    using Retention = bus::StreamSpec::Retention;
    for (const bus::StreamSpec& stream :
         {bus::StreamSpec{wire::kJobsStream, {"jobs.dispatch.*"}, Retention::kWorkQueue},
          bus::StreamSpec{wire::kRetractStream, {"jobs.retract.*"}, Retention::kWorkQueue},
          bus::StreamSpec{wire::kStatusStream, {"jobs.status.*"}},
          bus::StreamSpec{wire::kLogsStream, {"jobs.logs.*.*"}}}) {
        until_answered([&] { bus.ensure_stream(stream); });
    }
}

net::HttpResponse Servers::engine(const std::string& method, const std::string& path,
                                  const std::string& body) {
    net::HttpRequest request;
    request.method = method;
    request.unix_socket = socket_of(docker);
    request.url = "http://docker" + path;
    request.timeout = kCallTimeout;
    if (!body.empty()) {
        request.headers.emplace_back("Content-Type", "application/json");
        request.body = body;
    }
    return http.send(request);
}

std::string Servers::image_with_volume() {
    const std::string name = "lamda/volume:1";
    if (engine("GET", "/images/" + name + "/json").status == 200) {
        return name;
    }
    const Json body = {{"Image", "lamda/busybox:1.35"},
                       {"Cmd", {"sh", "-c", "mkdir -m 711 /data; echo sown > /data/seed"}},
                       {"HostConfig", {{"NetworkMode", "none"}}}};
    REQUIRE(engine("POST", "/containers/create?name=maker", body.dump()).status == 201);
    REQUIRE(engine("POST", "/containers/maker/start").status == 204);
    REQUIRE(engine("POST", "/containers/maker/wait").status == 200);
    REQUIRE(engine("POST", "/commit?container=maker&repo=lamda/volume&tag=1&changes=VOLUME%20/data", "{}")
                .status == 201);
    REQUIRE(engine("DELETE", "/containers/maker").status == 204);
    return name;
}

Scenario::Scenario(const Env& more_env, bool with_durables)
    : servers_(Servers::get()), number_(++servers_.scenarios) {
    INFO("raise kMostScenarios");
    REQUIRE(number_ <= kMostScenarios);
    key_ = key_of(number_);
    signer_ = crypto::LocalSigner::from_hex(key_).value();
    state_dir_ = servers_.dir.path() + "/agent-" + std::to_string(number_);
    log_file_ = servers_.dir.path() + "/agent-" + std::to_string(number_) + ".log";
    servers_.bsc.call("anvil_setBalance", "[\"" + provider().hex() + "\",\"0xde0b6b3a7640000\"]");
    servers_.opbnb.call("anvil_setBalance", "[\"" + provider().hex() + "\",\"0xde0b6b3a7640000\"]");
    env_ = {{"AGENT_PRIVATE_KEY", key_},
            {"AGENT_STATE_DIR", state_dir_},
            {"NATS_URL", servers_.nats.url(provider().hex())},
            {"DOCKER_HOST", servers_.docker.host()},
            {"AGENT_LOCAL_IMAGES", "lamda/busybox:1.35,lamda/volume:1"},
            {"IPFS_API_URL", servers_.store.url()},
            {"IPFS_GATEWAY_URL", servers_.store.url()},
            {"BSC_RPC_URL", servers_.bsc.url()},
            {"OPBNB_RPC_URL", servers_.opbnb.url()},
            {"BSC_CHAIN_ID", "97"},
            {"OPBNB_CHAIN_ID", "5611"},
            {"JOB_MANAGER_CONTRACT_ADDRESS", servers_.job_manager.hex()},
            {"NODE_REPUTATION_CONTRACT_ADDRESS", servers_.node_reputation.hex()},
            {"HEARTBEAT_INTERVAL", "0s"},
            {"METRICS_PORT", std::to_string(testkit::free_port())}};
    for (auto& [name, value] : more_env) {
        env_[name] = value;
    }
    if (with_durables) {
        make_durables();
    }
    const auto statuses = "test-" + std::to_string(number_);
    until_answered([&] {
        servers_.bus.ensure_durable(wire::kStatusStream, statuses, wire::status_subject(provider()),
                                    Millis(30'000));
    });
    statuses_.emplace(servers_.bus.consume(wire::kStatusStream, statuses));
}

void Scenario::make_durables(Millis ack_wait) {
    const auto durable = wire::durable_of(provider());
    for (const auto& [stream, subject] :
         {std::pair{wire::kJobsStream, wire::dispatch_subject(provider())},
          std::pair{wire::kRetractStream, wire::retract_subject(provider())}}) {
        until_answered([&] { servers_.bus.ensure_durable(stream, durable, subject, ack_wait, 20'000); });
    }
}

void Scenario::start(const Env& more_env) {
    process_.emplace(spec(more_env));
}

testkit::ProcessSpec Scenario::spec(const Env& more_env) const {
    auto env = env_;
    for (const auto& [name, value] : more_env) {
        env[name] = value;
    }
    testkit::ProcessSpec out;
    out.argv = {testkit::binary_dir() + "/bin/lamda-node-agent"};
    out.env = env;
    out.cwd = servers_.dir.path();
    out.log_file = log_file_;
    return out;
}

net::HttpResponse Scenario::ask_process(const std::string& path) {
    net::HttpRequest request;
    request.url = "http://127.0.0.1:" + env_.at("METRICS_PORT") + path;
    return servers_.http.send(request);
}

double Scenario::metric(const std::string& name_and_labels) {
    const auto shown = "\n" + ask_process("/metrics").body;
    const auto at = shown.find("\n" + name_and_labels + " ");
    return at == std::string::npos ? 0 : std::stod(shown.substr(at + name_and_labels.size() + 2));
}

std::string Scenario::ready_report() {
    try {
        const auto answer = ask_process("/readyz");
        return std::to_string(answer.status) + " " + answer.body;
    } catch (const net::TransportError& error) {
        return error.what();
    }
}

void Scenario::wait_ready() {
    if (!testkit::wait_until([&] { return ready_report().starts_with("200"); })) {
        FAIL("not ready: " + ready_report() + "\n" + log());
    }
}

std::string Scenario::log() const {
    return read_text(log_file_);
}

wire::Assignment Scenario::job(const std::string& shell) {
    wire::Assignment out;
    out.job_id = random_bytes32().as<JobId>();
    out.provider = provider();
    out.docker_image = "lamda/busybox:1.35";
    out.command = {"sh", "-c", shell};
    out.env = {{"LANG", "C"}};
    out.requirements.memory_mib = 64;
    out.requirements.disk_mib = 8;
    out.requirements.time_limit_seconds = 3'600;  // no job reaches it, on any machine
    out.chain_id = ChainId{97};
    out.block_number = BlockNum{1};
    return out;
}

void Scenario::assign(const wire::Assignment& assignment) {
    const auto outcome = servers_.bus.publish_durable(
        {{wire::dispatch_subject(provider()),
          wire::dispatch_message_id(assignment.job_id, assignment.attempt), wire::to_json(assignment)}},
        kCallTimeout);
    REQUIRE(outcome.stored == std::vector<bool>{true});
}

void Scenario::assign_again(const wire::Assignment& assignment) {
    const auto id = "again:" + std::to_string(++again_) +
                    wire::dispatch_message_id(assignment.job_id, assignment.attempt);
    const auto outcome = servers_.bus.publish_durable(
        {{wire::dispatch_subject(provider()), id, wire::to_json(assignment)}}, kCallTimeout);
    REQUIRE(outcome.stored == std::vector<bool>{true});
}

void Scenario::retract(const wire::Assignment& assignment, std::uint32_t attempt) {
    const wire::Retraction retraction{assignment.job_id, attempt, wire::RetractReason::kOrphaned,
                                      assignment.chain_id, assignment.job_manager};
    const auto outcome = servers_.bus.publish_durable(
        {{wire::retract_subject(provider()), wire::retract_message_id(assignment.job_id, attempt),
          wire::to_json(retraction)}},
        kCallTimeout);
    REQUIRE(outcome.stored == std::vector<bool>{true});
}

void Scenario::publish_raw(const std::string& subject, const std::string& body) {
    REQUIRE(servers_.bus.publish_durable({{subject, random_id(), body}}, kCallTimeout).stored ==
            std::vector<bool>{true});
}

std::string Scenario::store_input(const std::string& content) {
    const auto path = servers_.dir.path() + "/input-" + random_id();
    std::ofstream(path, std::ios::binary) << content;
    return servers_.content.put(path).to_string();
}

void Scenario::collect() {
    for (const auto& message : until_answered([&] { return statuses_->fetch(64, Millis(100)); })) {
        const auto status = wire::parse_status(message.body);
        REQUIRE(status.ok());
        REQUIRE(wire::verify_status(*status, wire::market_domain(ChainId{97}, servers_.job_manager)).ok());
        REQUIRE(status->provider == provider());
        seen_.push_back(*status);
        statuses_->ack(message);
        const bool is_final =
            status->status == wire::StatusKind::kCompleted || status->status == wire::StatusKind::kFailed;
        if (is_final && acknowledges_) {
            servers_.bus.publish(
                wire::applied_subject(provider()),
                wire::to_json(wire::StatusApplied{status->job_id, status->attempt, status->seq}));
        }
    }
}

std::vector<wire::JobStatus> Scenario::statuses(const wire::Assignment& assignment) {
    collect();
    std::vector<wire::JobStatus> found;
    for (const auto& status : seen_) {
        if (status.job_id == assignment.job_id && status.attempt == assignment.attempt) {
            found.push_back(status);
        }
    }
    return found;
}

wire::JobStatus Scenario::wait_status(const wire::Assignment& assignment, wire::StatusKind kind,
                                      Millis timeout) {
    std::optional<wire::JobStatus> found;
    const bool came = testkit::wait_until(
        [&] {
            for (const auto& status : statuses(assignment)) {
                if (status.status == kind) {
                    found = status;
                }
            }
            return found.has_value();
        },
        timeout);
    if (!came) {
        FAIL("no status `" << wire::to_string(kind) << "`\n" << log());
    }
    return found.value();
}

wire::ErrorCode Scenario::wait_failure(const wire::Assignment& assignment) {
    return wait_status(assignment, wire::StatusKind::kFailed).error_code.value();
}

std::string Scenario::container(const wire::Assignment& assignment) {
    return "lamda-" + assignment.job_id.hex() + "-" + std::to_string(assignment.attempt);
}

std::size_t Scenario::starts(const wire::Assignment& assignment) {
    const Json filters = {{"type", Json::array({"container"})},
                          {"event", Json::array({"start"})},
                          {"container", Json::array({container(assignment)})}};
    const auto answer =
        servers_.engine("GET", "/events?since=0&until=" + std::to_string(std::time(nullptr) + 1) +
                                   "&filters=" + net::url_encode(filters.dump()));
    REQUIRE(answer.status == 200);
    return static_cast<std::size_t>(std::count(answer.body.begin(), answer.body.end(), '\n'));
}

bool Scenario::container_exists(const wire::Assignment& assignment) {
    return servers_.engine("GET", "/containers/" + container(assignment) + "/json").status == 200;
}

bool Scenario::container_runs(const wire::Assignment& assignment) {
    const auto answer = servers_.engine("GET", "/containers/" + container(assignment) + "/json");
    return answer.status == 200 && Json::parse(answer.body).at("State").at("Running").get<bool>();
}

std::string Scenario::job_dir(const wire::Assignment& assignment) const {
    return state_dir_ + "/jobs/" + assignment.job_id.hex() + "-" + std::to_string(assignment.attempt);
}

std::string Scenario::journal_file(const wire::Assignment& assignment) const {
    return read_text(state_dir_ + "/journal/" + assignment.job_id.hex() + ".json");
}

std::string Scenario::output_dir(const wire::Assignment& assignment) const {
    return job_dir(assignment) + "/output";
}

std::string Scenario::read_output(const std::string& cid, const std::string& name) {
    const auto path = servers_.dir.path() + "/read-" + random_id();
    servers_.content.fetch(Cid::parse(cid).value(), path, 1 << 20);
    return read_text(path + "/" + name);
}

}  // namespace lamda::agent_test
