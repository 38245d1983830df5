#include "services/api-gateway/access/upload_quota.hpp"

#include <array>

#include "http/client_address.hpp"
#include "services/api-gateway/access/byte_quota.hpp"

namespace lamda::gateway {

namespace {

/// One client may use one part in kSharers of the remaining total.
constexpr std::uint64_t kSharers = 4;

}  // namespace

void count_upload(store::Txn& txn, const UploadQuota& quota, const std::string& client,
                  const Address& account, std::uint64_t bytes) {
    const std::array<Quota, 3> quotas = {
        Quota{"upload_quota_client", "one client address", "upload client " + http::address_unit(client),
              quota.client},
        Quota{"upload_quota_account", "one account", "upload account " + account.hex(), quota.account},
        Quota{"upload_quota_total", "all clients together", "upload all", quota.total}};
    count_bytes(txn, quotas, "files", kSharers, bytes);
}

}  // namespace lamda::gateway
