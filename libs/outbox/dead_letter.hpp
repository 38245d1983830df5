// Stores bus messages that could not be processed, for operators.
#pragma once

#include <string>

#include "store/database.hpp"

namespace lamda::outbox {

/// Limits per subject and per owner; later messages are not stored.
inline constexpr std::int64_t kMostOfSubject = 100;
inline constexpr std::int64_t kMostOfOwner = 5'000;

/// @param owner the service that refused the message, as in the outbox  @param body cut at 64 KiB
/// @returns true if it was stored
bool put_dead_letter(store::Txn& txn, const std::string& owner, const std::string& subject,
                     const std::string& body, const std::string& reason);

}  // namespace lamda::outbox
