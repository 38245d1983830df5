// SQL of stored specs (views api.spec and api.job, function api.put_spec). Every function runs inside the
// caller's transaction.
#pragma once

#include <optional>
#include <string>

#include "core/ids.hpp"
#include "store/database.hpp"

namespace lamda::gateway {

/// Time since a spec was stored or renewed.
enum class SpecAge {
    kNotStored,
    kRecent,  ///< at most an hour
    kOld,     ///< more than an hour
};
/// Returns the spec's age, by the database's clock.
SpecAge read_spec_age(store::Txn& txn, const JobId& id);
/// Returns the job of a stored spec as a REST object (JSON) with status `submitted`; nullopt: no spec that
/// can be a job's is stored.
std::optional<std::string> find_submission(store::Txn& txn, const JobId& id);
/// Returns the stored spec of a job, attached or by its id, byte for byte; nullopt: none is stored.
std::optional<std::string> find_spec(store::Txn& txn, const JobId& id);
/// Stores a canonical spec, or renews its expiry. Returns the id that the database derives from it.
JobId put_spec(store::Txn& txn, const std::string& canonical);

}  // namespace lamda::gateway
