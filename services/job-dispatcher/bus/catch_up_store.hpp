// SQL on the stored state of the status catch-up (dispatch.setting). Every function runs inside the caller's
// transaction.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "store/database.hpp"

namespace lamda::dispatch {

/// Returns the setting's value; nullopt if it is not set.
std::optional<std::string> read_setting(store::Txn& txn, std::string_view name);
/// Sets a setting that is not set yet. Keeps an existing value.
void put_setting(store::Txn& txn, std::string_view name, const std::string& value);
/// Deletes the name of the catch-up's durable, `status_durable`.
void delete_durable_setting(store::Txn& txn);

}  // namespace lamda::dispatch
