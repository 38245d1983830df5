#include "services/job-dispatcher/bus/provider_durables.hpp"

#include <algorithm>
#include <array>
#include <iterator>

#include "services/job-dispatcher/bus/lost_counter.hpp"
#include "wire/subjects.hpp"

namespace lamda::dispatch {

namespace {

constexpr Millis kAckWait{30'000};
constexpr std::size_t kMostNames = 6;
/// Streams with a durable for each provider.
constexpr std::array kStreams{wire::kJobsStream, wire::kRetractStream};

}  // namespace

ProviderDurables::ProviderDurables(bus::Bus& bus, telemetry::Log log, telemetry::Metrics& metrics)
    : bus_(bus),
      log_(std::move(log)),
      metrics_(metrics),
      refused_(metrics.gauge("lamda_bus_durables_refused",
                             "Durables of providers that the server refuses to create")) {
    for (const auto* stream : kStreams) {
        lost_counter(metrics_, stream, "durable");  // shown from the start, as zero
    }
}

void ProviderDurables::require(const std::vector<Address>& providers) {
    providers_.insert(providers.begin(), providers.end());
}

void ProviderDurables::create(const std::string& stream, const Address& provider) {
    const auto subject =
        stream == wire::kJobsStream ? wire::dispatch_subject(provider) : wire::retract_subject(provider);
    bus_.ensure_durable(stream, wire::durable_of(provider), subject, kAckWait);
}

void ProviderDurables::create(const Address& provider) {
    for (const auto* stream : kStreams) {
        create(stream, provider);
    }
    providers_.insert(provider);
    refused_providers_.erase(provider);
}

std::string ProviderDurables::create_missing(bool expected) {
    std::string names;
    std::size_t refused = 0;
    refused_providers_.clear();
    for (const auto* stream : kStreams) {
        if (providers_.empty()) {
            break;
        }
        const auto existing = bus_.durable_names(stream);
        for (const auto& provider : providers_) {
            if (existing.contains(wire::durable_of(provider))) {
                continue;
            }
            if (expected) {
                log_.error("a durable was deleted; creating it again",
                           {{"stream", stream}, {"provider", provider.hex()}});
                lost_counter(metrics_, stream, "durable").add();
            }
            try {
                create(stream, provider);
            } catch (const bus::Refused& error) {
                refused_providers_.insert(provider);
                if (refused++ < kMostNames) {
                    names +=
                        (names.empty() ? "" : ", ") + provider.hex() + " of " + stream + ": " + error.what();
                }
            }
        }
    }
    refused_.set(static_cast<double>(refused));
    if (names != refused_names_ && !names.empty()) {
        log_.warn("durables refused, retrying", {{"durables", names}, {"count", refused}});
    }
    refused_names_ = names;
    return names;
}

bool ProviderDurables::replace_ahead(const std::string& stream) {
    bool any = false;
    const auto durables = bus_.durables(stream);
    const auto state = bus_.stream_state(stream);  // after the durables: deliveries in between are no loss
    for (const auto& durable : durables) {
        if (durable.delivered <= state.last_sequence) {
            continue;
        }
        any = true;
        log_.warn("a durable is ahead of its stream, creating it again", {{"stream", stream},
                                                                          {"durable", durable.name},
                                                                          {"delivered", durable.delivered},
                                                                          {"last", state.last_sequence}});
        bus_.delete_durable(stream, durable.name);
        const auto provider = Address::parse(durable.name);
        if (provider && std::find(kStreams.begin(), kStreams.end(), stream) != kStreams.end()) {
            create(stream, *provider);
        }  // the reader of STATUS creates its own
    }
    return any;
}

void ProviderDurables::delete_idle(
    const std::function<std::vector<Address>(const std::vector<Address>&)>& idle) {
    std::map<Address, std::uint64_t> pending;
    for (const auto* stream : kStreams) {
        for (const auto& durable : bus_.durables(stream)) {
            if (const auto provider = Address::parse(durable.name)) {
                pending[*provider] += durable.pending;
            }
        }
    }
    std::vector<Address> empty;
    for (const auto& [provider, count] : pending) {
        if (count == 0) {
            empty.push_back(provider);
        }
    }
    const auto unused = empty.empty() ? empty : idle(empty);
    for (const auto& provider : unused) {
        for (const auto* stream : kStreams) {
            bus_.delete_durable(stream, wire::durable_of(provider));
        }
        providers_.erase(provider);
    }
    if (!unused.empty()) {
        log_.info("durables of idle providers deleted", {{"providers", unused.size()}});
    }
}

}  // namespace lamda::dispatch
