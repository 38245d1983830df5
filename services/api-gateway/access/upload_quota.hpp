// Hourly quotas for uploaded files: for each client, for each account and in total.
#pragma once

#include <cstdint>
#include <string>

#include "core/ids.hpp"
#include "store/database.hpp"

namespace lamda::gateway {

/// Bytes per hour. The content store keeps what is uploaded until it is unpinned there.
struct UploadQuota {
    std::uint64_t client = std::uint64_t{2} << 30;
    std::uint64_t account = std::uint64_t{2} << 30;  ///< a wallet, by its sessions and keys together
    std::uint64_t total = std::uint64_t{16}
                          << 30;  ///< one client gets at most a quarter of the remaining total
};

/// Adds `bytes` to the three counters in the caller's transaction. If it throws, nothing is counted.
/// @param client numeric address
/// @throws problem::Problem 429 `upload_quota_client`, `upload_quota_account` or `upload_quota_total` with
/// the seconds to wait
void count_upload(store::Txn& txn, const UploadQuota& quota, const std::string& client,
                  const Address& account, std::uint64_t bytes);

}  // namespace lamda::gateway
