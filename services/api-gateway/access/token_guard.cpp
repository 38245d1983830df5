#include "services/api-gateway/access/token_guard.hpp"

#include <algorithm>

#include "http/client_address.hpp"

namespace lamda::gateway {

int TokenGuard::wait_for(const std::string& client) {
    const std::lock_guard lock(mutex_);
    const auto at = clients_.find(http::address_unit(client));
    const auto now = clock_.steady();
    if (at == clients_.end() || at->second.wrong < kFreeTries || at->second.until <= now) {
        return 0;
    }
    const auto left = std::chrono::duration_cast<Millis>(at->second.until - now);
    return static_cast<int>(left.count() / 1'000) + 1;
}

void TokenGuard::wrong(const std::string& client, const std::string& request_id) {
    int count = 0;
    {
        const std::lock_guard lock(mutex_);
        const auto now = clock_.steady();
        forget_old(now);
        Tries& tries = clients_[http::address_unit(client)];
        if (tries.wrong == 0) {
            tries.until = now + kWindow;
        }
        count = ++tries.wrong;
        if (count >= kFreeTries) {
            tries.until = now + kWindow;
        }
    }
    log_.warn("operator token refused",
              {{"client", client}, {"wrong_tokens", count}, {"request_id", request_id}});
}

void TokenGuard::forget_old(Steady now) {
    std::erase_if(clients_, [now](const auto& client) { return client.second.until <= now; });
    if (clients_.size() >= kMostClients) {
        clients_.erase(std::min_element(clients_.begin(), clients_.end(), [](const auto& a, const auto& b) {
            return a.second.until < b.second.until;
        }));
    }
}

}  // namespace lamda::gateway
