#include "services/node-agent/onchain/bsc_identity.hpp"

#include <charconv>

#include "runtime/app.hpp"
#include "services/node-agent/state/durable_file.hpp"

namespace lamda::agent {

BscIdentity::BscIdentity(std::optional<ChainId> configured, std::string path)
    : configured_(configured.has_value()), path_(std::move(path)), id_(configured) {
    if (configured_) {
        return;
    }
    if (const auto text = read_file(path_)) {
        std::uint64_t value = 0;
        const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
        if (error != std::errc{} || value == 0) {
            throw runtime::ConfigError(path_ +
                                       " does not hold a chain id: remove the file, or set BSC_CHAIN_ID");
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
    changed_.wait(lock, stop, [&] { return id_.has_value(); });
    return stop.stop_requested() ? std::nullopt : id_;
}

bool BscIdentity::wait_other(ChainId chain, const std::stop_token& stop) const {
    std::unique_lock lock(mutex_);
    return changed_.wait(lock, stop, [&] { return id_ && *id_ != chain; });
}

void BscIdentity::keep(ChainId id) {
    write_durably(path_, std::to_string(id.value), {"agent.chain.written", "agent.chain.renamed"});
    id_ = id;
    other_.reset();
    others_ = 0;
    changed_.notify_all();
}

BscIdentity::Learned BscIdentity::learn(ChainId seen) {
    const std::lock_guard lock(mutex_);
    if (configured_ || id_ == seen) {
        other_.reset();
        others_ = 0;
        return Learned::kNothing;
    }
    if (!id_) {
        keep(seen);
        return Learned::kFirst;
    }
    others_ = other_ == seen ? others_ + 1 : 1;
    other_ = seen;
    if (others_ < kAnswersToReplace) {
        return Learned::kUnconfirmed;
    }
    keep(seen);
    return Learned::kCorrected;
}

}  // namespace lamda::agent
