#include "services/api-gateway/access/spec_quota.hpp"

#include <array>

#include "http/client_address.hpp"
#include "services/api-gateway/access/byte_quota.hpp"

namespace lamda::gateway {

namespace {

/// One client may use one part in kSharers of the remaining total.
constexpr std::uint64_t kSharers = 16;

}  // namespace

void count_spec(store::Txn& txn, const SpecQuota& quota, const std::string& client, const Address& renter,
                std::uint64_t bytes) {
    const std::array<Quota, 3> quotas = {
        Quota{"spec_quota_client", "one client address", "client " + http::address_unit(client),
              quota.client},
        Quota{"spec_quota_renter", "one renter", "renter " + renter.hex(), quota.renter},
        Quota{"spec_quota_total", "all clients together", "all", quota.total}};
    count_bytes(txn, quotas, "job specs", kSharers, bytes);
}

}  // namespace lamda::gateway
