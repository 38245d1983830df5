#include "chaos/market/faults.hpp"

#include <array>
#include <chrono>
#include <filesystem>
#include <thread>

#include "bus/bus.hpp"
#include "core/clock.hpp"
#include "testkit/flip_bit.hpp"
#include "testkit/patience.hpp"
#include "wire/subjects.hpp"

namespace lamda::chaos {

namespace fs = std::filesystem;

namespace {

constexpr std::array kStreams{wire::kJobsStream, wire::kRetractStream, wire::kStatusStream, wire::kLogsStream,
                              wire::kEventsStream};

std::string messages_of(const std::string& store, const std::string& stream) {
    return store + "/$G/streams/" + stream + "/msgs";
}

/// Files of messages that hold something.
std::vector<fs::path> blocks(const std::string& store) {
    std::vector<fs::path> out;
    for (const auto* stream : kStreams) {
        std::error_code missing;
        for (const auto& entry : fs::directory_iterator(messages_of(store, stream), missing)) {
            if (entry.path().extension() == ".blk" && entry.file_size() > 0) {
                out.push_back(entry.path());
            }
        }
    }
    return out;
}

}  // namespace

Faults::Faults(localnet::Network& network, std::uint64_t seed, std::string dir)
    : network_(network), random_(seed), copy_(std::move(dir) + "/bus-copy") {
    for (const auto& service : network_.services()) {
        faults_.emplace_back("kill " + service, [this, service] { kill(service); });
    }
    faults_.emplace_back("kill PostgreSQL", [this] {
        network_.postgres().kill();
        network_.postgres().start();
    });
    faults_.emplace_back("kill the container engine", [this] { kill_engine(); });
    faults_.emplace_back("kill NATS", [this] { bus([](const std::string&) {}); });
    faults_.emplace_back("NATS: store cut back",
                         [this] { bus([this](const auto& store) { cut_back(store); }); });
    faults_.emplace_back("NATS: older copy restored",
                         [this] { bus([this](const auto& store) { put_copy_back(store); }); });
    faults_.emplace_back("NATS: store emptied",
                         [this] { bus([](const auto& store) { fs::remove_all(store); }); });
    faults_.emplace_back("NATS: a byte flipped",
                         [this] { bus([this](const auto& store) { flip_a_byte(store); }); });
    faults_.emplace_back("NATS: a stream deleted", [this] { delete_stream(); });
}

std::vector<std::string> Faults::names() const {
    std::vector<std::string> out;
    for (const auto& [name, inject] : faults_) {
        out.push_back(name);
    }
    return out;
}

std::string Faults::strike() {
    const auto& [name, inject] = faults_[below(faults_.size())];
    inject();
    ++counts_[name];
    return name;
}

std::uint64_t Faults::below(std::uint64_t bound) {
    return bound == 0 ? 0 : random_() % bound;
}

void Faults::kill(const std::string& service) {
    network_.kill_service(service);
    std::this_thread::sleep_for(Millis(below(3'000)));  // the length of an outage is part of the fault
    network_.start_service(service);
}

void Faults::bus(const std::function<void(const std::string& store)>& change) {
    const auto store = network_.nats().store_dir();
    network_.nats().kill();
    const auto before = copy_ + ".new";
    fs::remove_all(before);
    fs::copy(store, before, fs::copy_options::recursive);
    change(store);
    fs::remove_all(copy_);
    fs::rename(before, copy_);
    network_.nats().start();
}

void Faults::cut_back(const std::string& store) {
    // What was written since the last fsync is gone; the state of consumers may be newer.
    for (const auto& block : blocks(store)) {
        fs::resize_file(block, below(fs::file_size(block)));
    }
}

void Faults::flip_a_byte(const std::string& store) {
    const auto files = blocks(store);
    if (files.empty()) {
        return;
    }
    const auto& path = files[below(files.size())];
    const auto place = below(fs::file_size(path));
    testkit::flip_bit(path, place, static_cast<unsigned>(below(8)));
}

void Faults::put_copy_back(const std::string& store) {
    if (fs::exists(copy_)) {
        fs::remove_all(store);
        fs::copy(copy_, store, fs::copy_options::recursive);
    }
}

void Faults::delete_stream() {
    const std::string stream = kStreams[below(kStreams.size())];
    bus::Bus operator_of_bus(network_.nats().url(), "chaos", telemetry::Log::none());
    if (testkit::wait_until([&] { return operator_of_bus.connected(); })) {
        try {
            operator_of_bus.request("$JS.API.STREAM.DELETE." + stream, "", testkit::kCallTimeout);
        } catch (const bus::Unavailable&) {  // JetStream is not ready yet: nothing is deleted
        }
    }
}

void Faults::kill_engine() {
    network_.docker().kill();
    engine_kills_.push_back(
        std::chrono::duration_cast<std::chrono::nanoseconds>(SystemClock().now().time_since_epoch()).count());
    network_.docker().start();
}

}  // namespace lamda::chaos
