#include "chaos/market/observer.hpp"

#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "core/clock.hpp"
#include "net/http_client.hpp"
#include "runtime/app.hpp"
#include "testkit/patience.hpp"

namespace lamda::chaos {

namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr Millis kPace{250};
constexpr auto kOurs = "lamda-0x";

std::int64_t seconds_now() {
    return std::chrono::duration_cast<std::chrono::seconds>(SystemClock().now().time_since_epoch()).count();
}

net::HttpResponse ask_engine(localnet::Network& network, const std::string& path) {
    net::HttpRequest request;
    request.unix_socket = network.docker().host().substr(std::string("unix://").size());
    request.url = "http://docker" + path;
    request.timeout = testkit::kCallTimeout;
    return network.http().send(request);
}

std::string text_of(const json& row, const char* name) {
    const auto& value = row.at(name);
    return value.is_null() ? "" : value.get<std::string>();
}

}  // namespace

Observer::Observer(localnet::Network& network)
    : network_(network),
      events_since_(seconds_now()),
      jobs_([this](const std::stop_token& stop) { watch_jobs(stop); }),
      engine_([this](const std::stop_token& stop) { watch_containers(stop); }) {}

void Observer::stop() {
    for (auto* thread : {&jobs_, &engine_}) {
        thread->request_stop();
        thread->join();
    }
    read_jobs();
    read_containers();
}

void Observer::watch_jobs(const std::stop_token& stop) {
    while (runtime::pause(stop, kPace)) {
        try {
            read_jobs();
        } catch (const net::TransportError&) {  // the gateway is away
        }
    }
}

void Observer::watch_containers(const std::stop_token& stop) {
    while (runtime::pause(stop, kPace)) {
        try {
            read_containers();
        } catch (const net::TransportError&) {  // the engine is away
        } catch (const json::exception&) {      // it was killed within an answer
        }
    }
}

void Observer::read_jobs() {
    net::HttpRequest request;
    request.url = network_.api_url() + "/api/jobs?limit=1000";
    request.timeout = testkit::kCallTimeout;
    const auto answer = network_.http().send(request);
    if (answer.status != 200) {
        return;
    }
    const auto page = json::parse(answer.body);
    const std::lock_guard lock(mutex_);
    for (const auto& row : page.at("items")) {
        const JobSighting now{row.at("status").get<std::string>(), row.at("attempt").get<std::uint32_t>(),
                              text_of(row, "error_message"), text_of(row, "output_file_cid")};
        auto& seen = sightings_[JobId::parse(row.at("id").get<std::string>()).value()];
        if (seen.empty() || seen.back() != now) {
            seen.push_back(now);
        }
    }
}

void Observer::read_containers() {
    const auto until = seconds_now();
    const auto answer = ask_engine(network_, "/events?since=" + std::to_string(events_since_) +
                                                 "&until=" + std::to_string(until) +
                                                 "&filters=%7B%22type%22%3A%5B%22container%22%5D%2C%22event%"
                                                 "22%3A%5B%22start%22%2C%22die%22%5D%7D");
    if (answer.status != 200) {
        return;
    }
    std::istringstream lines(answer.body);
    const std::lock_guard lock(mutex_);
    for (std::string line; std::getline(lines, line);) {
        if (line.empty()) {
            continue;
        }
        const auto event = json::parse(line);
        const auto name = event.at("Actor").at("Attributes").value("name", "");
        const auto at = event.at("timeNano").get<std::int64_t>();
        if (name.starts_with(kOurs) && seen_events_.emplace(name, at).second) {
            containers_.push_back({name, event.at("Action") == "start", at});
        }
    }
    events_since_ = until - 2;  // the engine compares whole seconds
}

std::map<JobId, std::vector<JobSighting>> Observer::sightings() const {
    const std::lock_guard lock(mutex_);
    return sightings_;
}

std::vector<ContainerEvent> Observer::containers() const {
    const std::lock_guard lock(mutex_);
    return containers_;
}

std::vector<std::string> leftovers(localnet::Network& network, const std::string& dir) {
    std::vector<std::string> out;
    const auto containers = json::parse(ask_engine(network, "/containers/json?all=1").body);
    for (const auto& container : containers) {
        out.push_back("container " + container.at("Names").at(0).get<std::string>() + " " +
                      container.at("State").get<std::string>());
    }
    for (const auto& service : network.services()) {
        std::error_code missing;
        for (const auto& entry : fs::directory_iterator(dir + "/" + service + "/jobs", missing)) {
            out.push_back(service + ": job folder " + entry.path().filename().string());
        }
    }
    return out;
}

}  // namespace lamda::chaos
