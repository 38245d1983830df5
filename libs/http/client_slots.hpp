// ClientSlots: a limited number of uses at a time, in total and of one client.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace lamda::http {

/// Thread-safe. Slots may outlive it.
class ClientSlots {
    struct Counts {
        std::mutex mutex;
        std::size_t all = 0;
        std::map<std::string, std::size_t> of_client;
    };

  public:
    /// In use until it is destroyed.
    class Slot {
      public:
        Slot(Slot&&) = default;
        Slot& operator=(Slot&&) = delete;
        ~Slot() {
            if (counts_ == nullptr) {
                return;
            }
            const std::lock_guard lock(counts_->mutex);
            --counts_->all;
            if (const auto at = counts_->of_client.find(client_);
                at != counts_->of_client.end() && --at->second == 0) {
                counts_->of_client.erase(at);
            }
        }

      private:
        friend class ClientSlots;
        Slot(std::shared_ptr<Counts> counts, std::string client)
            : counts_(std::move(counts)), client_(std::move(client)) {}
        std::shared_ptr<Counts> counts_;
        std::string client_;
    };

    ClientSlots(std::size_t most, std::size_t most_of_client)
        : most_(most), most_of_client_(most_of_client) {}

    /// Nothing if all slots, or those of the client, are in use. @param client empty: counts in total only
    std::optional<Slot> take(const std::string& client) {
        const std::lock_guard lock(counts_->mutex);
        if (counts_->all >= most_) {
            return std::nullopt;
        }
        if (!client.empty()) {
            const auto at = counts_->of_client.try_emplace(client, 0).first;
            if (at->second >= most_of_client_) {
                return std::nullopt;
            }
            ++at->second;
        }
        ++counts_->all;
        return Slot(counts_, client);
    }

  private:
    const std::size_t most_;
    const std::size_t most_of_client_;
    const std::shared_ptr<Counts> counts_ = std::make_shared<Counts>();
};

}  // namespace lamda::http
