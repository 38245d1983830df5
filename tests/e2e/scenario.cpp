#include "e2e/scenario.hpp"
#include "bus/testing/until_answered.hpp"
#include "testkit/patience.hpp"

namespace lamda::e2e {

Scenario::Scenario(const std::string& name, localnet::NetworkConfig config) : dir_(name) {
    config.dir = dir_.path();
    config.executables = testkit::binary_dir() + "/bin";
    network_ = std::make_unique<localnet::Network>(config, [](const std::string&) {});
}

localnet::Market& Scenario::market() {
    if (!market_) {
        market_ = std::make_unique<localnet::Market>(*network_);
    }
    return *market_;
}

void Scenario::start(const std::vector<std::string>& names) {
    for (const auto& name : names) {
        network_->start_service(name);
    }
    for (const auto& name : names) {
        network_->wait_ready(name);
    }
}

void Scenario::start_services() {
    start({"node-registry", "job-dispatcher", "reputation", "api-gateway"});
}

Answer Scenario::get(const std::string& path) {
    return send("GET", path, "");
}

Answer Scenario::send(const std::string& method, const std::string& path, const std::string& body,
                      const std::vector<std::pair<std::string, std::string>>& headers) {
    net::HttpRequest request;
    request.method = method;
    request.url = network_->api_url() + path;
    request.body = body;
    request.headers = headers;
    request.timeout = testkit::kCallTimeout;
    if (!body.empty()) {
        request.headers.emplace_back("Content-Type", "application/json");
    }
    const auto response = network_->http().send(request);
    return {response.status, json::parse(response.body, nullptr, false),
            response.header("Content-Type").value_or("")};
}

json Scenario::job(const JobId& id) {
    const auto answer = get("/api/jobs/" + id.hex());
    INFO("GET /api/jobs/" << id.hex() << ": " << answer.body.dump());
    REQUIRE(answer.status == 200);
    return answer.body;
}

void Scenario::wait_status(const JobId& id, const std::set<std::string>& wanted, Millis timeout) {
    json last;
    const bool reached = testkit::wait_until(
        [&] {
            const auto answer = get("/api/jobs/" + id.hex());
            last = answer.body;
            return answer.status == 200 && wanted.contains(last.at("status").get<std::string>());
        },
        timeout);
    INFO("job " << id.hex() << " must become " << json(wanted).dump() << "; it is " << last.dump());
    REQUIRE(reached);
}

std::map<JobId, int> Scenario::rewards() {
    std::map<JobId, int> out;
    for (const auto& increment :
         onchain::ReputationView(network_->opbnb(), network_->node_reputation()).increments(BlockNum{0})) {
        INFO("increment in " << increment.occurrence.tx.hex() << " names its job in its calldata");
        REQUIRE(increment.job);
        ++out[*increment.job];
    }
    return out;
}

void Scenario::wait_rewarded(const std::vector<localnet::OrderedJob>& jobs, Millis timeout) {
    std::map<JobId, int> seen;
    const bool all = testkit::wait_until(
        [&] {
            market().resend_missing(jobs);
            seen = rewards();
            return std::all_of(jobs.begin(), jobs.end(),
                               [&](const auto& job) { return seen.contains(job.id); });
        },
        timeout);
    std::string missing;
    for (const auto& job : jobs) {
        if (!seen.contains(job.id)) {
            missing += "\n  " + get("/api/jobs/" + job.id.hex()).body.dump();
        }
    }
    INFO("not rewarded:" << missing);
    REQUIRE(all);
    for (const auto& [job, times] : seen) {
        INFO("job " << job.hex());
        REQUIRE(times == 1);
    }
}

U256 Scenario::count_of(const Address& provider) {
    return onchain::ReputationView(network_->opbnb(), network_->node_reputation()).provider(provider).jobs;
}

bus::Bus& Scenario::bus() {
    if (!bus_) {
        bus_ = std::make_unique<bus::Bus>(network_->nats().url(), "e2e", telemetry::Log::none());
        REQUIRE(testkit::wait_until([&] { return bus_->connected(); }));
    }
    return *bus_;
}

std::uint64_t Scenario::stored_in(const std::string& stream) {
    const auto info = json::parse(bus().request("$JS.API.STREAM.INFO." + stream, "", testkit::kCallTimeout));
    INFO(info.dump());
    REQUIRE(info.contains("state"));
    return info.at("state").at("last_seq").get<std::uint64_t>();
}

std::map<std::pair<std::string, int>, int> Scenario::acceptances() {
    const auto stored = stored_in("STATUS");
    const std::string durable = "e2e-" + random_id();
    bus::testing::until_answered(
        [&] { bus().ensure_durable("STATUS", durable, "jobs.status.*", Millis(30'000)); });
    auto consumer = bus().consume("STATUS", durable);
    std::map<std::pair<std::string, int>, int> out;
    std::map<std::pair<std::string, int>, std::string> newest;
    for (std::uint64_t last = 0; last < stored;) {
        const auto messages = consumer.fetch(100, testkit::kCallTimeout);
        REQUIRE_FALSE(messages.empty());
        for (const auto& message : messages) {
            last = message.sequence;
            const auto status = json::parse(message.body, nullptr, false);
            if (status.is_object()) {
                const std::pair key{status.at("jobId").get<std::string>(), status.at("attempt").get<int>()};
                const auto state = status.at("status").get<std::string>();
                if (state == "accepted" && newest[key] != state) {
                    ++out[key];
                }
                newest[key] = state;
            }
            consumer.ack(message);
        }
    }
    return out;
}

std::string Scenario::executable(const std::string& name) {
    return testkit::binary_dir() + "/bin/" + name;
}

testkit::Finished Scenario::lamda(const std::vector<std::string>& arguments,
                                  const std::map<std::string, std::string>& more_env) {
    testkit::ProcessSpec spec;
    spec.argv = {executable("lamda")};
    spec.argv.insert(spec.argv.end(), arguments.begin(), arguments.end());
    spec.env = network_->settings();
    spec.env["RPC_TIMEOUT"] = "60s";  // a slow node is not an absent one
    for (const auto& [name, value] : more_env) {
        spec.env[name] = value;
    }
    spec.cwd = dir_.path();
    return testkit::run(spec);
}

std::map<std::string, std::string> Scenario::database_without_schema() {
    return {{"DATABASE_URL", network_->postgres().dsn()}};
}

}  // namespace lamda::e2e
