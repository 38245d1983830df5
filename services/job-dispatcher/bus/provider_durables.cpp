#include "services/job-dispatcher/bus/provider_durables.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "services/job-dispatcher/bus/lost_counter.hpp"
#include "wire/subjects.hpp"

namespace lamda::dispatch {

namespace {

constexpr Millis kAckWait{30'000};
/// An agent looks through its waiting assignments and returns most with a delay: these count as
/// pending.
constexpr std::int64_t kMostPending = 20'000;
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
    bus_.ensure_durable(stream, wire::durable_of(provider), subject, kAckWait, kMostPending);
}

void ProviderDurables::create(const Address& provider) {
    for (const auto* stream : kStreams) {
        create(stream, provider);
    }
    providers_.insert(provider);
    current_.insert(provider);
    refused_providers_.erase(provider);
}

std::string ProviderDurables::create_missing(bool expected, const Idle& idle) {
    std::string names;
    std::size_t refused = 0;
    const auto refused_before = std::exchange(refused_providers_, {});
    std::map<std::string, std::set<std::string>> existing;
    for (const auto* stream : kStreams) {
        existing[stream] = providers_.empty() ? std::set<std::string>() : bus_.durable_names(stream);
    }
    std::vector<Address> missing;
    std::copy_if(providers_.begin(), providers_.end(), std::back_inserter(missing),
                 [&](const Address& provider) {
                     return !current_.contains(provider) ||
                            std::any_of(existing.begin(), existing.end(), [&](const auto& each) {
                                return !each.second.contains(wire::durable_of(provider));
                            });
                 });
    if (expected && !missing.empty()) {
        for (const auto& provider : idle(missing)) {
            providers_.erase(provider);
            current_.erase(provider);
            std::erase(missing, provider);
        }
    }
    for (const auto& provider : missing) {
        for (const auto* stream : kStreams) {
            const bool exists = existing[stream].contains(wire::durable_of(provider));
            if (!exists && expected && current_.contains(provider) && !refused_before.contains(provider)) {
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
        if (!refused_providers_.contains(provider)) {
            current_.insert(provider);
        }
    }
    refused_.set(static_cast<double>(refused));
    if (names != refused_names_ && !names.empty()) {
        log_.warn("durables refused, retrying", {{"durables", names}, {"count", refused}});
    }
    refused_names_ = names;
    return names;
}

std::vector<bus::DurableState> ProviderDurables::ahead(const std::string& stream, std::uint64_t& last) {
    auto out = bus_.durables(stream);
    last = bus_.stream_state(stream).last_sequence;  // after the durables: deliveries in between are no loss
    std::erase_if(out, [&](const bus::DurableState& durable) { return durable.delivered <= last; });
    return out;
}

bool ProviderDurables::any_ahead(const std::string& stream) {
    std::uint64_t last = 0;
    return !ahead(stream, last).empty();
}

void ProviderDurables::replace_ahead(const std::string& stream) {
    std::uint64_t last = 0;
    for (const auto& durable : ahead(stream, last)) {
        log_.warn("a durable is ahead of its stream, creating it again", {{"stream", stream},
                                                                          {"durable", durable.name},
                                                                          {"delivered", durable.delivered},
                                                                          {"last", last}});
        bus_.delete_durable(stream, durable.name);
        const auto provider = Address::parse(durable.name);
        if (provider && std::find(kStreams.begin(), kStreams.end(), stream) != kStreams.end()) {
            create(stream, *provider);
        } else {
            bus_.ensure_durable(stream, durable.name, durable.filter_subject, durable.ack_wait,
                                durable.most_pending, std::min(durable.ack_floor, last) + 1);
        }
    }
}

void ProviderDurables::delete_idle(const Idle& idle) {
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
        current_.erase(provider);
    }
    if (!unused.empty()) {
        log_.info("durables of idle providers deleted", {{"providers", unused.size()}});
    }
}

}  // namespace lamda::dispatch
