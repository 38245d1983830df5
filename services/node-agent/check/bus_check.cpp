// Bus part of the checks.
#include <nlohmann/json.hpp>

#include "services/node-agent/check/checks.hpp"
#include "wire/subjects.hpp"

namespace lamda::agent {

namespace {

constexpr auto kConnect = "NATS";
constexpr Millis kPoll{50};
constexpr int kNoSuchConsumer = 404;

}  // namespace

Finding judge_durable(const std::string& stream, const std::string& answer) {
    const auto name = "NATS " + stream;
    const auto value = nlohmann::json::parse(answer, nullptr, false);
    if (!value.is_object()) {
        return {name, CheckResult::kFailed, "the answer is not JetStream's",
                "enable JetStream on the server"};
    }
    const auto error = value.find("error");
    if (error == value.end()) {
        const auto pending = value.value("num_pending", std::uint64_t{0});
        return {name, CheckResult::kOk, std::to_string(pending) + " messages wait"};
    }
    if (error->is_object() && error->value("code", 0) == kNoSuchConsumer) {
        return {name, CheckResult::kWarning, "the provider's durable does not exist yet",
                "start the agent: the dispatcher creates the durable after the first heartbeat"};
    }
    return {name, CheckResult::kFailed,
            "JetStream refuses: " + error->value("description", std::string("unknown")),
            "run deploy/nats/add-provider.sh for this provider on the server"};
}

std::vector<Finding> check_bus(bus::Bus& bus, const Address& provider, Millis timeout) {
    const SystemClock clock;
    for (auto left = timeout; !bus.connected() && left.count() > 0; left -= kPoll) {
        clock.sleep({}, kPoll);
    }
    if (!bus.connected()) {
        const auto error = bus.last_error();
        return {{kConnect, CheckResult::kFailed, error.empty() ? "no server answers" : error,
                 "check NATS_URL, its login, and that the server is reachable"}};
    }
    std::vector<Finding> out{{kConnect, CheckResult::kOk, "connected"}};
    for (const std::string stream : {wire::kJobsStream, wire::kRetractStream}) {
        try {
            // A request of its own: a consumer that fetches would take messages from a running agent.
            out.push_back(judge_durable(
                stream, bus.request("$JS.API.CONSUMER.INFO." + stream + "." + wire::durable_of(provider), "",
                                    timeout)));
        } catch (const bus::Unavailable& error) {
            out.push_back({"NATS " + stream, CheckResult::kFailed, error.what(),
                           "this login has no permission for the provider's subjects: the user must be the "
                           "provider's address (deploy/nats/add-provider.sh)"});
        }
    }
    return out;
}

}  // namespace lamda::agent
