#include "tools/devnet/faults.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "wire/subjects.hpp"

namespace lamda::devnet {

namespace {

using nlohmann::json;

constexpr auto kDispatcher = "job-dispatcher";
constexpr Millis kAnswerWait{10'000};
const std::vector<std::string> kServers{"stream", "store", "nats", "postgres"};

/// Messages for an unknown provider fill the stream: large ones first, until one byte does not fit.
constexpr std::size_t kRoom = 64U << 10;
constexpr std::size_t kSizes[] = {16U << 10, 1U << 10, 64, 1};
std::string unknown_provider() {
    return wire::dispatch_subject(Address{});
}

}  // namespace

std::vector<std::string> fault_names(const std::vector<std::string>& services) {
    auto out = kServers;
    out.insert(out.end(), services.begin(), services.end());
    return out;
}

Fault Faults::of(const std::string& name) {
    if (name == "postgres") {
        return postgres();
    }
    if (name == "nats") {
        return nats();
    }
    if (name == "stream") {
        return deleted_stream();
    }
    return name == "store" ? full_stream() : service(name);
}

bool Faults::all_ready() {
    const auto names = network_.services();
    return std::all_of(names.begin(), names.end(),
                       [this](const std::string& name) { return network_.ready(name); });
}

Fault Faults::service(const std::string& name) {
    return {name,
            "SIGKILL " + name,
            name + " started again",
            [this, name] { network_.kill_service(name); },
            [] { return true; },
            [this, name] { network_.start_service(name); },
            [this, name] { return network_.ready(name); }};
}

Fault Faults::postgres() {
    return {"postgres",
            "SIGKILL of PostgreSQL, and of its sessions",
            "PostgreSQL started again",
            [this] { network_.postgres().kill(); },
            [this] { return !network_.ready(kDispatcher); },
            [this] { network_.postgres().start(); },
            [this] { return all_ready(); }};
}

Fault Faults::nats() {
    return {"nats",
            "SIGKILL of nats-server",
            "nats-server started again",
            [this] { network_.nats().kill(); },
            [this] { return !network_.ready(kDispatcher); },
            [this] { network_.nats().start(); },
            [this] { return all_ready(); }};
}

Fault Faults::deleted_stream() {
    return {"stream",
            "stream JOBS deleted with its messages",
            "stream JOBS created again by the dispatcher",
            [this] { jetstream("STREAM.DELETE.JOBS"); },
            [this] { return bus().stream_names().contains(wire::kJobsStream); },
            [] {},
            [this] { return all_ready(); }};
}

Fault Faults::full_stream() {
    return {"store", "stream JOBS is full: the server refuses every assignment", "stream JOBS has room again",
            [this] { fill(); },
            // An assignment waits in the outbox, and /readyz reports it.
            [this] { return network_.readiness(kDispatcher).find("messages wait") != std::string::npos; },
            [this] { free(); }, [this] { return all_ready(); }, true};
}

bus::Bus& Faults::bus() {
    if (!bus_) {
        bus_ = std::make_unique<bus::Bus>(network_.nats().url(), "lamda-devnet", telemetry::Log::none());
    }
    return *bus_;
}

std::string Faults::jetstream(const std::string& what, const std::string& body) {
    auto answer = bus().request("$JS.API." + what, body, kAnswerWait);
    if (json::parse(answer).contains("error")) {
        throw std::runtime_error("JetStream: " + what + ": " + answer);
    }
    return answer;
}

void Faults::fill() {
    const auto info = json::parse(jetstream("STREAM.INFO.JOBS"));
    config_ = info.at("config").dump();
    auto limited = info.at("config");
    limited["max_bytes"] = info.at("state").at("bytes").get<std::uint64_t>() + kRoom;
    jetstream("STREAM.UPDATE.JOBS", limited.dump());
    for (const auto size : kSizes) {
        while (bus()
                   .publish_durable({{unknown_provider(), "", std::string(size, 'x')}}, kAnswerWait)
                   .reason.empty()) {
        }
    }
}

void Faults::free() {
    jetstream("STREAM.PURGE.JOBS", json({{"filter", unknown_provider()}}).dump());
    jetstream("STREAM.UPDATE.JOBS", config_);
}

}  // namespace lamda::devnet
