// What came on the bus and could not be used, for people to read.
#pragma once

#include <string>

#include "store/database.hpp"

namespace lamda::outbox {

/// So many are kept of one subject, and of one owner; what comes after is not.
inline constexpr std::int64_t kMostOfSubject = 100;
inline constexpr std::int64_t kMostOfOwner = 5'000;

/// @param owner as of the outbox: who refused it  @param body cut at 64 KiB
/// @returns whether it was kept
bool put_dead_letter(store::Txn& txn, const std::string& owner, const std::string& subject,
                     const std::string& body, const std::string& reason);

}  // namespace lamda::outbox
