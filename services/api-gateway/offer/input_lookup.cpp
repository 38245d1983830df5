#include "services/api-gateway/offer/input_lookup.hpp"

#include "core/cid.hpp"

namespace lamda::gateway {

InputFound InputLookup::find(const std::optional<std::string>& cid) {
    if (!cid) {
        return InputFound::kNotNeeded;
    }
    if (store_ == nullptr || !places_.try_acquire()) {
        return InputFound::kNotChecked;
    }
    struct Place {
        std::counting_semaphore<kMostAtOnce>& places;
        ~Place() { places.release(); }
    } const place{places_};
    try {
        store_->block(Cid::parse(*cid).value());
        return InputFound::kFound;
    } catch (const ipfs::Unavailable&) {
        return InputFound::kNotFound;
    } catch (const ipfs::TooLarge&) {
        return InputFound::kNotFound;  // no agent reads such a block
    }
}

}  // namespace lamda::gateway
