#include "services/job-dispatcher/bus/log_share.hpp"

namespace lamda::dispatch {

bool LogShare::admit(const Address& provider, std::size_t bytes, Steady now) {
    return chunks_.has(provider, now) && bytes_.take(provider, now, static_cast<double>(bytes)) &&
           chunks_.take(provider, now);
}

}  // namespace lamda::dispatch
