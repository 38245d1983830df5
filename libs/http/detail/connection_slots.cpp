#include "http/detail/connection_slots.hpp"

#include <algorithm>

namespace lamda::http {

void ConnectionSlots::add(Id id, const std::string& address) {
    entries_[id].address = address;
    ++lines_[address].connections;
    wait(id);
}

void ConnectionSlots::remove(Id id) {
    const auto at = entries_.find(id);
    if (at == entries_.end()) {
        return;
    }
    held_ -= at->second.bytes;
    const auto line = lines_.find(at->second.address);
    line->second.waiting.erase(at->second.waits_since);
    if (--line->second.connections == 0) {
        lines_.erase(line);
    }
    entries_.erase(at);
}

void ConnectionSlots::wait(Id id) {
    const auto at = entries_.find(id);
    if (at != entries_.end()) {
        auto& waiting = lines_[at->second.address].waiting;
        waiting.erase(at->second.waits_since);
        at->second.waits_since = next_turn_++;
        waiting.emplace(at->second.waits_since, id);
    }
}

void ConnectionSlots::serve(Id id) {
    const auto at = entries_.find(id);
    if (at != entries_.end()) {
        lines_[at->second.address].waiting.erase(at->second.waits_since);
        at->second.waits_since = 0;
    }
}

void ConnectionSlots::hold(Id id, std::size_t bytes) {
    const auto at = entries_.find(id);
    if (at != entries_.end()) {
        held_ = held_ - at->second.bytes + bytes;
        at->second.bytes = bytes;
    }
}

bool ConnectionSlots::has_its_share(const std::string& address) const {
    const auto line = lines_.find(address);
    return !address.empty() && line != lines_.end() && line->second.connections >= limits_.each_address;
}

bool ConnectionSlots::full_for(const std::string& address) const {
    return entries_.size() >= limits_.connections || has_its_share(address);
}

std::optional<ConnectionSlots::Id> ConnectionSlots::to_evict(const std::string& address) const {
    if (has_its_share(address)) {
        const auto& waiting = lines_.at(address).waiting;
        return waiting.empty() ? std::nullopt : std::optional(waiting.begin()->second);
    }
    const Line* worst = nullptr;
    for (const auto& [unit, line] : lines_) {
        const bool worse = worst == nullptr || line.connections > worst->connections ||
                           (line.connections == worst->connections && !line.waiting.empty() &&
                            line.waiting.begin()->first < worst->waiting.begin()->first);
        if (!line.waiting.empty() && worse) {
            worst = &line;
        }
    }
    return worst == nullptr ? std::nullopt : std::optional(worst->waiting.begin()->second);
}

std::optional<ConnectionSlots::Id> ConnectionSlots::to_reclaim() const {
    struct Holder {
        std::size_t bytes = 0;
        std::uint64_t since = 0;
        Id id = 0;
    };
    std::map<std::string, Holder> holders;
    for (const auto& [id, entry] : entries_) {
        if (entry.bytes > 0 && entry.waits_since > 0) {
            Holder& holder = holders[entry.address];
            holder.bytes += entry.bytes;
            if (holder.since == 0 || entry.waits_since < holder.since) {
                holder.since = entry.waits_since;
                holder.id = id;
            }
        }
    }
    const auto most = std::max_element(holders.begin(), holders.end(), [](const auto& a, const auto& b) {
        return a.second.bytes < b.second.bytes;
    });
    return most == holders.end() ? std::nullopt : std::optional(most->second.id);
}

}  // namespace lamda::http
