#include "bsc_identity.hpp"

#include <charconv>

#include "durable_file.hpp"

namespace lamda::agent {

BscIdentity::BscIdentity(std::optional<ChainId> configured, std::string path)
    : path_(std::move(path)), id_(configured) {
    if (id_) {
        return;
    }
    if (const auto text = read_file(path_)) {
        std::uint64_t value = 0;
        const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
        if (error != std::errc{} || value == 0) {
            throw DiskError(path_ + " holds no chain id");
        }
        id_ = ChainId{value};
    }
}

std::optional<ChainId> BscIdentity::known() const {
    const std::lock_guard lock(mutex_);
    return id_;
}

std::optional<ChainId> BscIdentity::wait(const std::stop_token& stop) const {
    std::unique_lock lock(mutex_);
    learned_.wait(lock, stop, [&] { return id_.has_value(); });
    return stop.stop_requested() ? std::nullopt : id_;
}

bool BscIdentity::learn(ChainId seen) {
    const std::lock_guard lock(mutex_);
    if (id_) {
        return *id_ == seen;
    }
    write_durably(path_, std::to_string(seen.value), {"agent.chain.written", "agent.chain.renamed"});
    id_ = seen;
    learned_.notify_all();
    return true;
}

}  // namespace lamda::agent
