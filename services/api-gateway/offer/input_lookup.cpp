#include "services/api-gateway/offer/input_lookup.hpp"

#include "core/cid.hpp"

namespace lamda::gateway {

bool InputLookup::take_share(const std::string& client) {
    const std::lock_guard lock(mutex_);
    return shares_.take(client, clock_.steady());
}

InputFound InputLookup::find(const std::optional<std::string>& cid, const std::string& client) {
    if (!cid) {
        return InputFound::kNotNeeded;
    }
    if (store_ == nullptr || !take_share(client) || !slots_.try_acquire()) {
        return InputFound::kNotChecked;
    }
    struct Slot {
        std::counting_semaphore<kMostAtOnce>& slots;
        ~Slot() { slots.release(); }
    } const slot{slots_};
    try {
        store_->block(Cid::parse(*cid).value(), stopping_.get_token());
        return InputFound::kFound;
    } catch (const ipfs::Unavailable&) {
        return InputFound::kNotNow;
    } catch (const ipfs::TooLarge&) {
        return InputFound::kUnreadable;
    }
}

}  // namespace lamda::gateway
