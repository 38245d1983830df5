#include "services/api-gateway/access/known_keys.hpp"

namespace lamda::gateway {

std::optional<std::string> KnownKeys::find(const Bytes32& digest) const {
    const std::lock_guard lock(mutex_);
    const auto found = keys_.find(digest);
    return found == keys_.end() || found->second.until <= clock_.steady() ? std::nullopt
                                                                          : std::optional(found->second.id);
}

void KnownKeys::remember(const Bytes32& digest, const std::string& id) {
    const std::lock_guard lock(mutex_);
    const auto now = clock_.steady();
    if (keys_.size() >= kMost) {
        std::erase_if(keys_, [&](const auto& entry) { return entry.second.until <= now; });
    }
    if (keys_.size() >= kMost) {
        keys_.clear();
    }
    keys_[digest] = {id, now + kRemembered};
}

}  // namespace lamda::gateway
